// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where metrics are fetched: a port of an address of this machine, or a Unix socket. Pure functions.
#pragma once

#include <chimaera/result.h>
#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace chi::metrics {

struct Address {
  std::string path;           // of a Unix socket; empty: what follows
  sockaddr_storage socket{};  // IPv4 or IPv6
  socklen_t size = 0;

  bool is_path() const noexcept { return !path.empty(); }
  // Whether only this machine's own programs reach it.
  bool is_loopback() const noexcept;
  // "127.0.0.1:9464", "[::1]:9464" or the path.
  std::string to_string() const;
};

// "127.0.0.1:9464", "[::1]:9464", or what has a '/' in it, as a path. Port 0: one that is free. No names: nobody is
// asked what they stand for. Fails with invalid_argument.
Result<Address> parse_address(std::string_view text);

// From what the kernel says that a socket has.
Address address_of(const sockaddr_storage& socket, socklen_t size) noexcept;

}  // namespace chi::metrics
