// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From JSON to the wire. Recursion is bounded by the schema, not by the JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "codec/binary_text.h"
#include "codec/json.h"
#include "codec/json_problem.h"
#include "codec/numbers.h"

namespace chi {

namespace {

using Kind = SchemaType::Kind;

constexpr std::uint8_t kVersions[2] = {1, 1};

// Writes values; the first that does not fit its type ends it, with `problem` and the `path` to it.
class Writer {
 public:
  explicit Writer(Encoder& to) : to_(to) {}

  bool fields(const SchemaType& type, const Json& json) {
    if (!json.is_object()) return fail(type, json);
    for (const auto& item : json.items()) {
      if (std::find(type.names.begin(), type.names.end(), item.key()) == type.names.end()) {
        return fail(unknown_field(item.key(), type));
      }
    }
    for (std::size_t i = 0; i < type.of.size(); ++i) {
      const auto found = json.find(type.names[i]);
      if (found != json.end()) {
        if (!inside("." + type.names[i], type.of[i], *found)) return false;
      } else if (type.of[i].kind == Kind::optional) {
        to_.u8(0);
      } else {
        return fail(missing_field(type, i));
      }
    }
    return true;
  }

  Error error() const {
    std::string at = path_.empty() ? std::string() : fmt::format("field '{}': ", path_.substr(path_[0] == '.' ? 1 : 0));
    return {Code::invalid_argument, at + problem_, {}};
  }

 private:
  bool value(const SchemaType& type, const Json& json) {
    switch (type.kind) {
      case Kind::boolean:
        if (!json.is_boolean()) return fail(type, json);
        to_.u8(json.get<bool>() ? 1 : 0);
        return true;
      case Kind::f32:
      case Kind::f64:
        return real(type.kind, json);
      case Kind::string:
      case Kind::bytes:
      case Kind::buffer:
        return text(type, json);
      case Kind::enumeration:
        return enumerator(type, json);
      case Kind::optional:
        to_.u8(json.is_null() ? 0 : 1);
        return json.is_null() || value(type.of[0], json);
      case Kind::list:
      case Kind::array:
      case Kind::tuple:
        return elements(type, json);
      case Kind::map:
        return map(type, json);
      case Kind::aggregate:
        return aggregate(type, json);
      default:
        return integer(type.kind, json);
    }
  }

  bool inside(const std::string& step, const SchemaType& type, const Json& json) {
    const std::size_t length = path_.size();
    path_ += step;
    if (!value(type, json)) return false;
    path_.resize(length);
    return true;
  }

  bool integer(Kind kind, const Json& json) {
    const auto bits = integer_of(kind, json, problem_);
    if (bits) write_integer(kind, *bits, to_);
    return bits.has_value();
  }

  bool real(Kind kind, const Json& json) {
    const auto number = real_of(kind, json, problem_);
    if (number) write_real(kind, *number, to_);
    return number.has_value();
  }

  bool text(const SchemaType& type, const Json& json) {
    std::optional<std::string> decoded;
    if (json.is_object() && json.size() == 1 && json.front().is_string()) {
      const auto& content = json.front().get_ref<const std::string&>();
      if (json.contains("base64")) decoded = from_base64(content);
      if (json.contains("hex")) decoded = from_hex(content);
      if (!decoded) return fail("expected {\"base64\": \"...\"} or {\"hex\": \"...\"} with valid digits");
    } else if (!json.is_string()) {
      return fail(type, json);
    }
    const std::string& bytes = decoded ? *decoded : json.get_ref<const std::string&>();
    if (type.kind == Kind::string) {
      to_.string(bytes);
    } else if (type.kind == Kind::bytes) {
      to_.bytes(Bytes(bytes));
    } else {
      to_.buffer(Bytes(bytes).region());
    }
    return true;
  }

  bool enumerator(const SchemaType& type, const Json& json) {
    if (!json.is_string()) return json.is_number() ? integer(type.number, json) : fail(type, json);
    const auto& name = json.get_ref<const std::string&>();
    const auto found = std::find(type.names.begin(), type.names.end(), name);
    if (found == type.names.end()) return fail(unknown_value(name, type));
    const auto index = static_cast<std::size_t>(found - type.names.begin());
    write_integer(type.number, static_cast<std::uint64_t>(type.values[index]), to_);
    return true;
  }

  bool elements(const SchemaType& type, const Json& json) {
    if (!json.is_array()) return fail(type, json);
    const std::size_t fixed = type.kind == Kind::tuple ? type.of.size() : type.count;
    if (type.kind == Kind::list) {
      to_.length(json.size());
    } else if (json.size() != fixed) {
      return fail(fmt::format("expected {} elements, got {}", fixed, json.size()));
    }
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (!inside(fmt::format("[{}]", i), type.of[type.kind == Kind::tuple ? i : 0], json[i])) return false;
    }
    return true;
  }

  bool map(const SchemaType& type, const Json& json) {
    if (!json.is_object() && !json.is_array()) return fail(type, json);
    to_.length(json.size());
    for (const auto& item : json.items()) {
      const std::string step = fmt::format("[{}]", item.key());
      if (json.is_object()) {
        auto key = text_to_value(type.of[0], item.key(), problem_);
        if (!key || !inside(step, type.of[0], *key) || !inside(step, type.of[1], item.value())) return false;
      } else {
        const Json& pair = item.value();
        if (!pair.is_array() || pair.size() != 2) return fail("expected an object, or an array of [key, value]");
        if (!inside(step, type.of[0], pair[0]) || !inside(step, type.of[1], pair[1])) return false;
      }
    }
    return true;
  }

  bool aggregate(const SchemaType& type, const Json& json) {
    to_.raw(kVersions, sizeof kVersions);
    const std::size_t size = to_.open_size();
    if (!fields(type, json)) return false;
    to_.close_size(size);
    return true;
  }

  bool fail(const SchemaType& type, const Json& json) {
    return fail(fmt::format("expected {}, got {}", type.describe(), json.type_name()));
  }
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  Encoder& to_;
  std::string path_;
  std::string problem_;
};

}  // namespace

Status json_to_wire(const SchemaType& type, const Json& json, Encoder& to) {
  if (type.kind != Kind::aggregate) return Error{Code::invalid_argument, "the schema is not that of a message", {}};
  if (!type.of.empty()) to.raw(kVersions, sizeof kVersions);
  Writer writer(to);
  if (!writer.fields(type, json)) return writer.error();
  return to.status();
}

}  // namespace chi
