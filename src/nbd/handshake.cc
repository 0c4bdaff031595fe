// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements handshake.h.
#include "nbd/handshake.h"

#include <algorithm>
#include <utility>

namespace chi::nbd {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Handshake::Handshake(const Offer& offer) : offer_(offer) { append_greeting(output_); }

std::size_t Handshake::take(std::span<const std::uint8_t> bytes) {
  std::size_t used = 0;
  while (state_ == State::options && used < bytes.size()) {
    const std::size_t part = std::min(bytes.size() - used, wanted_ - bytes_.size());
    bytes_.append(reinterpret_cast<const char*>(bytes.data() + used), part);
    used += part;
    if (bytes_.size() == wanted_) complete();
  }
  return used;
}

std::string Handshake::output() { return std::exchange(output_, {}); }

void Handshake::complete() {
  switch (part_) {
    case Part::flags:
      return take_flags();
    case Part::header:
      return take_header();
    case Part::data:
      return answer_option();
  }
}

void Handshake::want_header() {
  part_ = Part::header;
  wanted_ = kOptionHeaderSize;
  bytes_.clear();
}

void Handshake::take_flags() {
  const auto flags = load_big<std::uint32_t>(bytes_of(bytes_).data());
  if (flags & ~std::uint32_t{kFixedNewstyle | kNoZeroes}) {
    state_ = State::ended;
    return;
  }
  fixed_ = flags & kFixedNewstyle;
  zeroes_ = !(flags & kNoZeroes);
  want_header();
}

void Handshake::take_header() {
  const auto header = decode_option(bytes_of(bytes_).first<kOptionHeaderSize>());
  if (!header) {
    state_ = State::ended;
    return;
  }
  header_ = *header;
  bytes_.clear();
  part_ = Part::data;
  wanted_ = header_.length;
  if (wanted_ > kMaxData) {
    reply(kRepTooBig, "an option with so much data is none that this server knows");
    state_ = State::ended;
  } else if (wanted_ == 0) {
    answer_option();
  }
}

void Handshake::answer_option() {
  if (!fixed_ && header_.option != kOptExportName) {
    state_ = State::ended;
    return;
  }
  switch (header_.option) {
    case kOptExportName:
      return answer_export_name();
    case kOptInfo:
    case kOptGo:
      answer_info();
      break;
    case kOptAbort:
      reply(kRepAck, {});
      state_ = State::ended;
      break;
    case kOptList:
      if (!bytes_.empty()) {
        reply(kRepInvalid, "this option has no data");
      } else {
        append_list(output_, offer_);
      }
      break;
    default:
      reply(kRepUnsupported, "this server has no such option");
  }
  if (state_ == State::options) want_header();
}

void Handshake::answer_info() {
  if (!offer_.refusal.empty()) {
    reply(kRepPolicy, offer_.refusal);
    state_ = State::ended;
    return;
  }
  const auto request = decode_info_request(bytes_of(bytes_));
  if (!request) return reply(kRepInvalid, "the option's data are malformed");
  if (!names_export(request->name)) return reply(kRepUnknown, "there is only one export here, '" + offer_.name + "'");
  append_infos(output_, header_.option, offer_, *request);
  if (header_.option == kOptGo) state_ = State::transmission;
}

// The protocol has no way to refuse but to hang up.
void Handshake::answer_export_name() {
  if (!offer_.refusal.empty() || !names_export(bytes_)) {
    state_ = State::ended;
    return;
  }
  append_export(output_, offer_, zeroes_);
  state_ = State::transmission;
}

}  // namespace chi::nbd
