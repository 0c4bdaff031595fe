// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// NBD's messages as bytes, and which requests are none that can be done. Pure functions; nothing that a client says is
// used before it is checked here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nbd/protocol.h"

namespace chi::nbd {

// What a client may have.
struct Offer {
  std::string name;  // an empty one stands for it, too
  std::string description;
  std::uint64_t size = 0;
  std::uint16_t flags = kHasFlags;
  std::string refusal{};  // not empty: nobody gets it, for this reason

  bool read_only() const noexcept { return flags & kReadOnly; }
};

template <class T>
T load_big(const std::uint8_t* from) noexcept {
  T out = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) out = static_cast<T>(out << 8 | from[i]);
  return out;
}

template <class T>
void store_big(std::uint8_t* to, T value) noexcept {
  for (std::size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8)) to[i] = static_cast<std::uint8_t>(value);
}

template <class T>
void append_big(std::string& out, T value) {
  std::uint8_t bytes[sizeof(T)];
  store_big(bytes, value);
  out.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

// Options.

inline constexpr std::size_t kOptionHeaderSize = 16;

struct OptionHeader {
  std::uint32_t option = 0;
  std::uint32_t length = 0;
};

std::optional<OptionHeader> decode_option(std::span<const std::uint8_t, kOptionHeaderSize> bytes);

// The data of kOptInfo and kOptGo.
struct InfoRequest {
  std::string name;
  std::vector<std::uint16_t> wanted;

  bool wants(Info info) const noexcept;
};

std::optional<InfoRequest> decode_info_request(std::span<const std::uint8_t> data);

void append_greeting(std::string& out);
void append_option_reply(std::string& out, std::uint32_t option, OptionReply type, std::string_view data = {});

// The answer to kOptExportName, which has no header.
void append_export(std::string& out, const Offer& offer, bool zeroes);

// The answers to kOptInfo and kOptGo, the acknowledgement included; to kOptList.
void append_infos(std::string& out, std::uint32_t option, const Offer& offer, const InfoRequest& request);
void append_list(std::string& out, const Offer& offer);

// Requests.

inline constexpr std::size_t kRequestSize = 28;
inline constexpr std::size_t kReplySize = 16;

struct Request {
  std::uint16_t flags = 0;
  std::uint16_t command = 0;
  std::uint64_t cookie = 0;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;

  bool has_payload() const noexcept { return command == kWrite; }
  std::uint32_t transfer() const noexcept { return command == kRead || command == kWrite ? length : 0; }
};

// Nothing when the magic number is another one: then the client is out of step, and cannot be served further.
std::optional<Request> decode_request(std::span<const std::uint8_t, kRequestSize> bytes);

// Why it cannot be done whatever the device says; kOk when it can be tried.
Failure check_request(const Request& request, const Offer& offer);

void encode_reply(std::span<std::uint8_t, kReplySize> to, std::uint64_t cookie, Failure failure);

}  // namespace chi::nbd
