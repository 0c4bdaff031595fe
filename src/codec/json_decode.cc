// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From the wire to JSON. The message may come from anywhere: Decoder checks every length and count.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "codec/binary_text.h"
#include "codec/json.h"
#include "codec/numbers.h"

namespace chi {

namespace {

using Kind = SchemaType::Kind;

Json text_to_json(std::string text) {
  if (is_utf8(text)) return text;
  return Json{{"base64", to_base64(text)}};
}

Json read_text(Kind kind, Decoder& from) {
  if (kind == Kind::string) {
    std::string text;
    from.string(text);
    return text_to_json(std::move(text));
  }
  // A copy, for the other side may change the bytes between the check for UTF-8 and the use.
  if (kind == Kind::buffer) {
    Buffer buffer;
    from.buffer(buffer);
    return text_to_json(std::string(buffer.view()));
  }
  Bytes bytes;
  from.bytes(bytes);
  return text_to_json(std::string(bytes.view()));
}

Json read_enum(const SchemaType& type, Decoder& from) {
  const std::uint64_t value = read_integer(type.number, from);
  const auto found = std::find(type.values.begin(), type.values.end(), static_cast<std::int64_t>(value));
  if (found == type.values.end()) return integer_to_json(type.number, value);
  return type.names[static_cast<std::size_t>(found - type.values.begin())];
}

Json read_list(const SchemaType& type, Decoder& from) {
  const SchemaType& element = type.of[0];
  std::size_t count = type.count;
  if (type.kind == Kind::list) {
    count = from.count(element.least);
  } else if (count > from.remaining() / element.least) {
    from.fail("ends in the middle of a value");
  }
  Json out = Json::array();
  for (std::size_t i = 0; i < count && from.ok(); ++i) out.push_back(read_value(element, from));
  return out;
}

// What a key is as the name in a JSON object; nothing when it cannot be one.
std::optional<std::string> key_name(const Json& key) {
  if (key.is_string()) return key.get<std::string>();
  if (key.is_number_integer() || key.is_boolean()) return key.dump();
  return std::nullopt;
}

Json read_map(const SchemaType& type, Decoder& from) {
  std::vector<std::pair<Json, Json>> entries;
  std::vector<std::string> names;
  const std::size_t count = from.count(type.of[0].least + type.of[1].least);
  for (std::size_t i = 0; i < count && from.ok(); ++i) {
    Json key = read_value(type.of[0], from);
    Json value = read_value(type.of[1], from);
    if (auto name = key_name(key)) names.push_back(std::move(*name));
    entries.emplace_back(std::move(key), std::move(value));
  }
  std::sort(names.begin(), names.end());
  const bool unique = std::adjacent_find(names.begin(), names.end()) == names.end();
  if (names.size() != entries.size() || !unique) {
    Json out = Json::array();
    for (auto& [key, value] : entries) out.push_back(Json::array({std::move(key), std::move(value)}));
    return out;
  }
  Json out = Json::object();
  auto& object = out.get_ref<Json::object_t&>();
  object.reserve(entries.size());
  // Not through operator[], which compares with all names before.
  for (auto& [key, value] : entries) object.push_back({*key_name(key), std::move(value)});
  return out;
}

Json read_tuple(const SchemaType& type, Decoder& from) {
  Json out = Json::array();
  for (const SchemaType& element : type.of) out.push_back(read_value(element, from));
  return out;
}

Json read_fields(const SchemaType& type, Decoder& from) {
  Json out = Json::object();
  auto& object = out.get_ref<Json::object_t&>();
  for (std::size_t i = 0; i < type.of.size() && from.remaining() != 0; ++i) {
    Json value = read_value(type.of[i], from);
    if (!from.ok()) {
      from.blame(type.names[i]);
      break;
    }
    object.push_back({type.names[i], std::move(value)});
  }
  return out;
}

// The schema is the very reader's, so that `oldest` can refuse nothing here.
void skip_versions(Decoder& from) {
  from.u8();
  from.u8();
}

Json read_aggregate(const SchemaType& type, Decoder& from) {
  skip_versions(from);
  const std::uint8_t* outer = from.enter(from.u32());
  Json out = read_fields(type, from);
  from.leave(outer);
  return out;
}

}  // namespace

Json read_value(const SchemaType& type, Decoder& from) {
  switch (type.kind) {
    case Kind::boolean:
      return from.boolean();
    case Kind::f32:
    case Kind::f64:
      return real_to_json(read_real(type.kind, from));
    case Kind::string:
    case Kind::bytes:
    case Kind::buffer:
      return read_text(type.kind, from);
    case Kind::enumeration:
      return read_enum(type, from);
    case Kind::optional:
      return from.boolean() ? read_value(type.of[0], from) : Json();
    case Kind::list:
    case Kind::array:
      return read_list(type, from);
    case Kind::map:
      return read_map(type, from);
    case Kind::tuple:
      return read_tuple(type, from);
    case Kind::aggregate:
      return read_aggregate(type, from);
    default:
      return integer_to_json(type.kind, read_integer(type.kind, from));
  }
}

Result<Json> wire_to_json(const SchemaType& type, const chi_message& message) {
  if (type.kind != Kind::aggregate) return Error{Code::invalid_argument, "the schema is not that of a message", {}};
  if (message.size == 0) return Json::object();
  Decoder from(message);
  skip_versions(from);
  Json out = read_fields(type, from);
  Status status = from.status();
  if (!status.ok()) return std::move(status).error();
  return out;
}

}  // namespace chi
