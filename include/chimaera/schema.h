// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The schema text of a type, as the module table carries it: what command line, JSON and Python need to call a method
// without a line of its author's code. The grammar is in docs/design/0001-parts-and-contracts.md; src/codec parses it.
#pragma once

#include <chimaera/codec.h>
#include <chimaera/detail/enum_names.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chi {

namespace detail {

struct TextLength {
  std::size_t size = 0;
  constexpr void put(std::string_view text) { size += text.size(); }
};
struct TextWriter {
  char* at;
  constexpr void put(std::string_view text) {
    for (char c : text) *at++ = c;
  }
};

template <class Out>
constexpr void put_number(Out& out, std::int64_t value) {
  char digits[20] = {};
  std::size_t first = sizeof digits;
  auto rest = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  do {
    digits[--first] = static_cast<char>('0' + rest % 10);
  } while (rest /= 10);
  if (value < 0) out.put("-");
  out.put({digits + first, sizeof digits - first});
}

template <class T>
constexpr std::string_view number_name() {
  constexpr std::string_view kNames[3][4] = {
      {"u8", "u16", "u32", "u64"}, {"i8", "i16", "i32", "i64"}, {"", "", "f32", "f64"}};
  return kNames[std::is_floating_point_v<T> ? 2 : std::is_signed_v<T> ? 1 : 0][std::bit_width(sizeof(T)) - 1];
}

template <class T, class Out>
constexpr void put_schema(Out& out);

template <class T, class Out>
constexpr void put_enum(Out& out) {
  out.put("enum(");
  out.put(number_name<std::underlying_type_t<T>>());
  for (const EnumName& entry : enum_names<T>()) {
    out.put("|");
    out.put(entry.name);
    out.put("=");
    put_number(out, entry.value);
  }
  out.put(")");
}

template <class Tuple, class Out, class Name>
constexpr void put_fields(Out& out, Name put_name) {
  std::size_t index = 0;
  auto put_field = [&]<class F>() {
    out.put(index == 0 ? "(" : ",");
    put_name(index++);
    out.put(":");
    put_schema<F>(out);
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (put_field.template operator()<std::remove_cvref_t<std::tuple_element_t<I, Tuple>>>(), ...);
  }(std::make_index_sequence<std::tuple_size_v<Tuple>>());
  out.put(index == 0 ? "()" : ")");
}

template <class T, class Out>
constexpr void put_schema(Out& out) {
  constexpr Kind kKind = kind_of<T>();
  if constexpr (kKind == Kind::boolean) {
    out.put("bool");
  } else if constexpr (kKind == Kind::number) {
    out.put(number_name<T>());
  } else if constexpr (kKind == Kind::enumeration) {
    put_enum<T>(out);
  } else if constexpr (kKind == Kind::string || kKind == Kind::bytes || kKind == Kind::buffer) {
    out.put(kKind == Kind::string ? "string" : kKind == Kind::bytes ? "bytes" : "buffer");
  } else if constexpr (kKind == Kind::optional) {
    put_schema<typename T::value_type>(out);
    out.put("?");
  } else if constexpr (kKind == Kind::map) {
    out.put("{");
    put_schema<typename T::key_type>(out);
    out.put(":");
    put_schema<typename T::mapped_type>(out);
    out.put("}");
  } else if constexpr (kKind == Kind::tuple) {
    put_fields<T>(out, [&out](std::size_t index) { put_number(out, static_cast<std::int64_t>(index)); });
  } else if constexpr (kKind == Kind::aggregate) {
    put_fields<FieldTuple<T>>(out, [&out](std::size_t index) { out.put(field_name<T>(index)); });
  } else {
    out.put("[");
    put_schema<typename T::value_type>(out);
    if constexpr (kKind == Kind::array) {
      out.put("*");
      put_number(out, std::tuple_size_v<T>);
    }
    out.put("]");
  }
}

template <class T>
inline constexpr auto schema_chars = [] {
  constexpr std::size_t kSize = [] {
    TextLength length;
    put_schema<T>(length);
    return length.size;
  }();
  std::array<char, kSize + 1> text{};
  TextWriter writer{text.data()};
  put_schema<T>(writer);
  return text;
}();

}  // namespace detail

// A constant, lives for ever.
template <class T>
constexpr const char* schema_of() {
  static_assert(Walkable<T>, "T must be a type that the codec can walk: see chi::Walkable");
  return detail::schema_chars<T>.data();
}

}  // namespace chi
