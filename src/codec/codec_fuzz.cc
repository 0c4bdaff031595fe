// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// libFuzzer: arbitrary bytes as requests of several types, as values of a schema, and as schema text. What a decoder
// accepts must survive the way back: encoded again it decodes to the same bytes.
#include <chimaera/schema.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "codec/growth_types.h"
#include "codec/json.h"
#include "codec/sample_types.h"

namespace chi {
namespace {

void expect(bool good) {
  if (!good) std::abort();
}

// The second time, for a set may hold fewer elements than its encoding did.
template <class T>
void decode_as(const chi_message& message) {
  T value{};
  if (!decode_message(message, value).ok()) return;
  Encoder once;
  encode_message(once, value);
  if (once.failed()) return;
  T again{};
  expect(decode_message(once.message(), again).ok());
  Encoder twice;
  encode_message(twice, again);
  expect(twice.size() == once.size());
}

template <class T>
void read_as_json(const chi_message& message) {
  static const SchemaType kType = parse_schema(schema_of<T>()).value();
  auto json = wire_to_json(kType, message);
  T value{};
  const Status compiled = decode_message(message, value);
  // The compiled type also knows which versions it understands.
  if (compiled.code() != Code::failed_precondition) expect(json.ok() == compiled.ok());
  if (!json.ok()) return;
  expect(!json->dump().empty());
  Encoder to;
  (void)json_to_wire(kType, *json, to);
  for (std::size_t field = 0; field < kType.of.size(); ++field) (void)field_hash(kType, field, message);
}

// Whatever the later release accepts, the earlier one does, too, unless it is told that it may not, and sees the same
// in all that it knows; the other way round as well.
void read_by_two_releases(const chi_message& message) {
  sample::before::Order old_order;
  sample::after::Order new_order;
  const Status old_read = decode_message(message, old_order);
  if (!decode_message(message, new_order).ok()) return;
  if (old_read.code() == Code::failed_precondition) return;
  expect(old_read.ok() && sample::same(old_order, new_order));
  sample::after::Order grown;
  Encoder old_sender;
  encode_message(old_sender, old_order);
  expect(decode_message(old_sender.message(), grown).ok() && sample::same(old_order, grown));
}

void parse_as_schema(std::string_view text, const chi_message& message) {
  auto type = parse_schema(text);
  if (!type.ok()) return;
  expect(type->depth <= kMaxSchemaDepth && type->least > 0);
  (void)type->describe();
  if (auto json = wire_to_json(*type, message)) expect(!json->dump().empty());
}

void run(const std::uint8_t* data, std::size_t size) {
  static std::uint8_t region[600] = {};
  static const chi_buffer kBuffers[2] = {{region, sizeof region, nullptr}, {region, 0, nullptr}};
  const chi_message message{data, static_cast<std::uint32_t>(size), 2, kBuffers};
  decode_as<sample::Numbers>(message);
  decode_as<sample::Collections>(message);
  decode_as<sample::Put>(message);
  decode_as<sample::Transfer>(message);
  decode_as<sample::Segment>(message);
  decode_as<sample::Nothing>(message);
  decode_as<Error>(message);
  read_by_two_releases(message);
  read_as_json<sample::Numbers>(message);
  read_as_json<sample::Collections>(message);
  read_as_json<sample::Transfer>(message);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t split = text.find('\0');
  if (split == text.npos) {
    parse_as_schema(text, message);
  } else {
    parse_as_schema(text.substr(0, split), {data + split, static_cast<std::uint32_t>(size - split), 2, kBuffers});
  }
}

}  // namespace
}  // namespace chi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chi::run(data, size);
  return 0;
}
