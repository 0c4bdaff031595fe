// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements address.h.
#include "metrics/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

#include "base/runtime_dir.h"
#include "base/text.h"

namespace chi::metrics {
namespace {

constexpr std::uint64_t kLastPort = 65535;

// The socket addresses are read as what they were made as, through copies.
sockaddr_in as_v4(const sockaddr_storage& from) noexcept {
  sockaddr_in out{};
  std::memcpy(&out, &from, sizeof out);
  return out;
}

sockaddr_in6 as_v6(const sockaddr_storage& from) noexcept {
  sockaddr_in6 out{};
  std::memcpy(&out, &from, sizeof out);
  return out;
}

template <class T>
Address made_of(const T& from) noexcept {
  Address out;
  std::memcpy(&out.socket, &from, sizeof from);
  out.size = sizeof from;
  return out;
}

}  // namespace

bool Address::is_loopback() const noexcept {
  if (is_path()) return true;
  if (socket.ss_family == AF_INET) return ntohl(as_v4(socket).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  const in6_addr address = as_v6(socket).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == IN_LOOPBACKNET);
}

std::string Address::to_string() const {
  if (is_path()) return path;
  char text[INET6_ADDRSTRLEN] = "";
  if (socket.ss_family == AF_INET) {
    const sockaddr_in v4 = as_v4(socket);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  const sockaddr_in6 v6 = as_v6(socket);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
}

Result<Address> parse_address(std::string_view text) {
  const Error wrong{Code::invalid_argument, fmt::format("'{}' is no address to listen at", text.substr(0, 128)), {}};
  if (text.find('\0') != std::string_view::npos) return wrong;
  if (text.find('/') != std::string_view::npos) {
    Address out;
    out.path = text;
    if (auto fits = socket_address(out.path); !fits.ok()) return fits.error();
    return out;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  const auto port = parse_number(text.substr(colon + 1));
  if (!port.ok() || *port > kLastPort) return wrong;
  std::string host(text.substr(0, colon));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(*port));
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) return made_of(v4);
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return wrong;
  host = host.substr(1, host.size() - 2);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) return made_of(v6);
  return wrong;
}

Address address_of(const sockaddr_storage& socket, socklen_t size) noexcept {
  Address out;
  out.socket = socket;
  out.size = size;
  return out;
}

}  // namespace chi::metrics
