// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements wire.h.
#include "nbd/wire.h"

#include <algorithm>

namespace chi::nbd {
namespace {

constexpr std::size_t kReservedZeroes = 124;  // behind the answer to kOptExportName

std::string text_info(Info type, std::string_view text) {
  std::string out;
  append_big<std::uint16_t>(out, type);
  return out.append(text);
}

std::string export_info(const Offer& offer) {
  std::string out;
  append_big<std::uint16_t>(out, kInfoExport);
  append_big<std::uint64_t>(out, offer.size);
  append_big<std::uint16_t>(out, offer.flags);
  return out;
}

std::string block_size_info() {
  std::string out;
  append_big<std::uint16_t>(out, kInfoBlockSize);
  append_big<std::uint32_t>(out, 1);
  append_big<std::uint32_t>(out, kPreferredBlock);
  append_big<std::uint32_t>(out, kMaxPayload);
  return out;
}

bool in_bounds(const Request& request, std::uint64_t size) {
  return request.offset <= size && request.length <= size - request.offset;
}

Failure check_range(const Request& request, const Offer& offer, Failure beyond) {
  if (request.length == 0) return kInvalid;
  return in_bounds(request, offer.size) ? kOk : beyond;
}

}  // namespace

std::optional<OptionHeader> decode_option(std::span<const std::uint8_t, kOptionHeaderSize> bytes) {
  if (load_big<std::uint64_t>(bytes.data()) != kOptionMagic) return std::nullopt;
  return OptionHeader{load_big<std::uint32_t>(bytes.data() + 8), load_big<std::uint32_t>(bytes.data() + 12)};
}

bool InfoRequest::wants(Info info) const noexcept {
  return std::find(wanted.begin(), wanted.end(), info) != wanted.end();
}

std::optional<InfoRequest> decode_info_request(std::span<const std::uint8_t> data) {
  constexpr std::size_t kLength = 4;
  constexpr std::size_t kCount = 2;
  if (data.size() < kLength + kCount) return std::nullopt;
  const auto length = load_big<std::uint32_t>(data.data());
  if (length > kMaxName || length > data.size() - kLength - kCount) return std::nullopt;
  InfoRequest out;
  out.name.assign(reinterpret_cast<const char*>(data.data() + kLength), length);
  data = data.subspan(kLength + length);
  const auto count = load_big<std::uint16_t>(data.data());
  data = data.subspan(kCount);
  if (data.size() != std::size_t{count} * 2) return std::nullopt;
  for (; !data.empty(); data = data.subspan(2)) out.wanted.push_back(load_big<std::uint16_t>(data.data()));
  return out;
}

void append_greeting(std::string& out) {
  append_big<std::uint64_t>(out, kGreetingMagic);
  append_big<std::uint64_t>(out, kOptionMagic);
  append_big<std::uint16_t>(out, kFixedNewstyle | kNoZeroes);
}

void append_option_reply(std::string& out, std::uint32_t option, OptionReply type, std::string_view data) {
  append_big<std::uint64_t>(out, kOptionReplyMagic);
  append_big<std::uint32_t>(out, option);
  append_big<std::uint32_t>(out, type);
  append_big<std::uint32_t>(out, static_cast<std::uint32_t>(data.size()));
  out.append(data);
}

void append_export(std::string& out, const Offer& offer, bool zeroes) {
  append_big<std::uint64_t>(out, offer.size);
  append_big<std::uint16_t>(out, offer.flags);
  if (zeroes) out.append(kReservedZeroes, '\0');
}

void append_infos(std::string& out, std::uint32_t option, const Offer& offer, const InfoRequest& request) {
  append_option_reply(out, option, kRepInfo, export_info(offer));
  append_option_reply(out, option, kRepInfo, block_size_info());
  if (request.wants(kInfoName)) append_option_reply(out, option, kRepInfo, text_info(kInfoName, offer.name));
  if (request.wants(kInfoDescription)) {
    append_option_reply(out, option, kRepInfo, text_info(kInfoDescription, offer.description));
  }
  append_option_reply(out, option, kRepAck);
}

void append_list(std::string& out, const Offer& offer) {
  std::string entry;
  append_big<std::uint32_t>(entry, static_cast<std::uint32_t>(offer.name.size()));
  entry += offer.name + offer.description;
  append_option_reply(out, kOptList, kRepServer, entry);
  append_option_reply(out, kOptList, kRepAck);
}

std::optional<Request> decode_request(std::span<const std::uint8_t, kRequestSize> bytes) {
  const std::uint8_t* at = bytes.data();
  if (load_big<std::uint32_t>(at) != kRequestMagic) return std::nullopt;
  Request out;
  out.flags = load_big<std::uint16_t>(at + 4);
  out.command = load_big<std::uint16_t>(at + 6);
  out.cookie = load_big<std::uint64_t>(at + 8);
  out.offset = load_big<std::uint64_t>(at + 16);
  out.length = load_big<std::uint32_t>(at + 24);
  return out;
}

Failure check_request(const Request& request, const Offer& offer) {
  const std::uint16_t known = request.command == kWriteZeroes ? kFua | kNoHole : kFua;
  if (request.flags & ~known) return kInvalid;
  const bool changes = request.command == kWrite || request.command == kTrim || request.command == kWriteZeroes;
  if (changes && offer.read_only()) return kNotPermitted;
  switch (request.command) {
    case kRead:
      return request.length > kMaxPayload ? kInvalid : check_range(request, offer, kInvalid);
    case kWrite:
      return request.length > kMaxPayload ? kInvalid : check_range(request, offer, kNoSpace);
    case kFlush:
      return request.offset == 0 && request.length == 0 ? kOk : kInvalid;
    case kTrim:
      return check_range(request, offer, kInvalid);
    case kWriteZeroes:
      return check_range(request, offer, kNoSpace);
    default:
      return kInvalid;
  }
}

void encode_reply(std::span<std::uint8_t, kReplySize> to, std::uint64_t cookie, Failure failure) {
  store_big<std::uint32_t>(to.data(), kSimpleReplyMagic);
  store_big<std::uint32_t>(to.data() + 4, failure);
  store_big<std::uint64_t>(to.data() + 8, cookie);
}

}  // namespace chi::nbd
