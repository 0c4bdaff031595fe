// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements numbers.h.
#include "codec/numbers.h"

#include <chimaera/size.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace chi {

namespace {

using Kind = SchemaType::Kind;

bool is_signed(Kind kind) { return kind >= Kind::i8; }
unsigned bits_of(Kind kind) { return 8U << (static_cast<unsigned>(kind) & 3U); }

std::int64_t least_of(Kind kind) {
  return is_signed(kind) ? std::numeric_limits<std::int64_t>::min() >> (64 - bits_of(kind)) : 0;
}
std::uint64_t most_of(Kind kind) {
  return std::numeric_limits<std::uint64_t>::max() >> (64 - bits_of(kind) + (is_signed(kind) ? 1 : 0));
}

std::string kind_name(Kind kind) {
  SchemaType type;
  type.kind = kind;
  return type.describe();
}

std::string out_of_range(Kind kind, std::string_view value) {
  return fmt::format("{} is out of range: {} goes from {} to {}", value, kind_name(kind), least_of(kind),
                     most_of(kind));
}

// `text` without the sign of its base ("0x1f"), which goes to `base`.
std::string_view without_base(std::string_view text, int& base) {
  base = 10;
  if (text.size() < 3 || text[0] != '0') return text;
  base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : text[1] == 'b' ? 2 : 10;
  return base == 10 ? text : text.substr(2);
}

std::optional<Json> integer_from_text(Kind kind, std::string_view text, std::string& problem) {
  const bool negative = text.starts_with('-');
  int base = 10;
  const std::string_view digits = without_base(text.substr(negative ? 1 : 0), base);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    const Result<std::uint64_t> size = parse_size(text);
    if (size.ok() && !is_signed(kind) && bits_of(kind) >= 32 && *size <= most_of(kind)) return Json(*size);
    problem = fmt::format("expected {}, got '{}'", kind_name(kind), text);
    return std::nullopt;
  }
  if (base == 10 && digits.size() > 1 && digits[0] == '0') {
    problem = fmt::format("'{}' could be decimal or octal: write {} or 0o{}", text, value, digits.substr(1));
    return std::nullopt;
  }
  const std::uint64_t most = negative ? 0 - static_cast<std::uint64_t>(least_of(kind)) : most_of(kind);
  if (error != std::errc{} || value > most) {
    problem = out_of_range(kind, text);
    return std::nullopt;
  }
  return integer_to_json(kind, negative ? 0 - value : value);
}

std::optional<double> named_real(std::string_view text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

}  // namespace

std::uint64_t read_integer(Kind kind, Decoder& from) {
  switch (kind) {
    case Kind::u8:
      return from.u8();
    case Kind::u16:
      return from.u16();
    case Kind::u32:
      return from.u32();
    case Kind::i8:
      return static_cast<std::uint64_t>(from.number<std::int8_t>());
    case Kind::i16:
      return static_cast<std::uint64_t>(from.number<std::int16_t>());
    case Kind::i32:
      return static_cast<std::uint64_t>(from.number<std::int32_t>());
    default:
      return from.u64();
  }
}

void write_integer(Kind kind, std::uint64_t bits, Encoder& to) { to.raw(&bits, bits_of(kind) / 8); }

Json integer_to_json(Kind kind, std::uint64_t bits) {
  return is_signed(kind) ? Json(static_cast<std::int64_t>(bits)) : Json(bits);
}

double read_real(Kind kind, Decoder& from) {
  float narrow = 0;
  double wide = 0;
  if (kind == Kind::f64) {
    from.raw(&wide, sizeof wide);
    return wide;
  }
  from.raw(&narrow, sizeof narrow);
  return narrow;
}

void write_real(Kind kind, double value, Encoder& to) {
  const auto narrow = static_cast<float>(value);
  if (kind == Kind::f64) {
    to.raw(&value, sizeof value);
  } else {
    to.raw(&narrow, sizeof narrow);
  }
}

Json real_to_json(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  return value;
}

std::optional<std::uint64_t> integer_of(Kind kind, const Json& json, std::string& problem) {
  if (json.is_string() && bits_of(kind) == 64) {
    const auto number = integer_from_text(kind, json.get_ref<const std::string&>(), problem);
    return number ? std::optional(number->get<std::uint64_t>()) : std::nullopt;
  }
  if (!json.is_number_integer()) {
    problem = fmt::format("expected {}, got a {}", kind_name(kind), json.is_number() ? "fraction" : json.type_name());
    return std::nullopt;
  }
  const bool negative = !json.is_number_unsigned() && json.get<std::int64_t>() < 0;
  const auto bits = json.get<std::uint64_t>();
  if (negative ? static_cast<std::int64_t>(bits) < least_of(kind) : bits > most_of(kind)) {
    problem = out_of_range(kind, json.dump());
    return std::nullopt;
  }
  return bits;
}

std::optional<double> real_of(Kind kind, const Json& json, std::string& problem) {
  std::optional<double> value;
  if (json.is_number()) {
    value = json.get<double>();
  } else if (json.is_string()) {
    value = named_real(json.get_ref<const std::string&>());
  }
  if (!value) {
    problem = fmt::format("expected {}, got a {}", kind_name(kind), json.type_name());
  } else if (kind == Kind::f32 && std::isfinite(*value) && std::fabs(*value) > std::numeric_limits<float>::max()) {
    problem = fmt::format("{} is out of range of f32", *value);
    return std::nullopt;
  }
  return value;
}

std::optional<Json> number_from_text(Kind kind, std::string_view text, std::string& problem) {
  if (kind <= Kind::i64) return integer_from_text(kind, text, problem);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    problem = fmt::format("expected {}, got '{}'", kind_name(kind), text);
    return std::nullopt;
  }
  Json json = real_to_json(value);
  if (!real_of(kind, json, problem)) return std::nullopt;
  return json;
}

}  // namespace chi
