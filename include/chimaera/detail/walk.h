// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Each type to its bytes and back; the form is fixed in docs/design/0001-parts-and-contracts.md. Use codec.h instead.
#pragma once

#include <chimaera/aggregate.h>
#include <chimaera/decoder.h>
#include <chimaera/detail/kinds.h>
#include <chimaera/encoder.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace chi::detail {

template <class T>
void encode(Encoder& to, const T& value);
template <class T>
void decode(Decoder& from, T& out);

template <class T>
void encode_fields(Encoder& to, const T& value) {
  if constexpr (has_flat_fields<T>()) {
    to.raw(&value, sizeof value);
  } else {
    visit_fields(value, [&to](const auto&... field) { (encode(to, field), ...); });
  }
}

template <class T>
void encode_versions(Encoder& to) {
  constexpr Version kVersion = version_of<T>();
  constexpr std::uint8_t kBytes[2] = {kVersion.current, kVersion.oldest};
  to.raw(kBytes, sizeof kBytes);
}

template <class T>
void encode(Encoder& to, const T& value) {
  constexpr Kind kKind = kind_of<T>();
  if constexpr (kKind == Kind::boolean || is_flat<T>()) {
    to.raw(&value, sizeof value);
  } else if constexpr (kKind == Kind::string || std::same_as<T, std::string_view>) {
    to.string(value);
  } else if constexpr (kKind == Kind::bytes) {
    to.bytes(value);
  } else if constexpr (kKind == Kind::buffer) {
    to.buffer(value);
  } else if constexpr (kKind == Kind::optional) {
    to.u8(value.has_value());
    if (value) encode(to, *value);
  } else if constexpr (kKind == Kind::array) {
    for (const auto& element : value) encode(to, element);
  } else if constexpr (kKind == Kind::tuple) {
    std::apply([&to](const auto&... element) { (encode(to, element), ...); }, value);
  } else if constexpr (kKind == Kind::map) {
    to.length(value.size());
    for (const auto& entry : value) {
      encode(to, entry.first);
      encode(to, entry.second);
    }
  } else if constexpr (kKind == Kind::aggregate) {
    encode_versions<T>(to);
    const std::size_t size = to.open_size();
    encode_fields(to, value);
    to.close_size(size);
  } else if constexpr (FlatSequence<T>) {
    to.length(value.size());
    to.raw(value.data(), value.size() * sizeof(typename T::value_type));
  } else {
    to.length(value.size());
    for (const typename T::value_type& element : value) encode(to, element);
  }
}

// False when there is no more: at a fault, or where an older sender's fields end.
template <class T, std::size_t I, class Field>
bool decode_field(Decoder& from, Field& out) {
  if (from.remaining() == 0) return false;
  decode(from, out);
  if (from.ok()) return true;
  from.blame(field_name<T>(I));
  return false;
}

template <class T>
void decode_fields(Decoder& from, T& out) {
  if constexpr (has_flat_fields<T>()) {
    if (from.remaining() >= sizeof out) {
      from.raw(&out, sizeof out);
      return;
    }
  }
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] auto fields = tie_fields(out);
    (void)(decode_field<T, I>(from, std::get<I>(fields)) && ...);
  }(std::make_index_sequence<field_count<T>>());
}

template <class T>
bool decode_versions(Decoder& from) {
  from.u8();  // the sender's version: tells a person something, not a reader
  if (from.u8() <= version_of<T>().current) return from.ok();
  return from.fail("needs a newer reader: update this side's module or program", Code::failed_precondition);
}

// How many of `count` elements to make room for at once: their encoding may be far smaller than they are.
template <class Element>
std::size_t first_room(const Decoder& from, std::size_t count) {
  return std::min(count, from.remaining() / sizeof(Element) + 8);
}

template <class T>
void decode_elements(Decoder& from, T& out) {
  constexpr Kind kKind = kind_of<T>();
  using Element = typename T::value_type;
  out.clear();
  std::size_t count;
  if constexpr (kKind == Kind::map) {
    count = from.count(least_size<typename T::key_type>() + least_size<typename T::mapped_type>());
  } else {
    count = from.count(least_size<Element>());
  }
  if constexpr (requires { out.reserve(count); }) out.reserve(first_room<Element>(from, count));
  for (std::size_t i = 0; i < count && from.ok(); ++i) {
    if constexpr (kKind == Kind::map) {
      typename T::key_type key{};
      typename T::mapped_type mapped{};
      decode(from, key);
      decode(from, mapped);
      out.emplace(std::move(key), std::move(mapped));
    } else {
      Element element{};
      decode(from, element);
      if constexpr (kKind == Kind::set) {
        out.emplace(std::move(element));
      } else {
        out.push_back(std::move(element));
      }
    }
  }
}

template <class T>
void decode(Decoder& from, T& out) {
  constexpr Kind kKind = kind_of<T>();
  if constexpr (kKind == Kind::boolean) {
    out = from.boolean();
  } else if constexpr (kKind == Kind::number && std::is_integral_v<T>) {
    out = from.number<T>();
  } else if constexpr (kKind == Kind::enumeration) {
    out = static_cast<T>(from.number<std::underlying_type_t<T>>());
  } else if constexpr (is_flat<T>()) {
    from.raw(&out, sizeof out);
  } else if constexpr (kKind == Kind::string) {
    from.string(out);
  } else if constexpr (kKind == Kind::bytes) {
    from.bytes(out);
  } else if constexpr (kKind == Kind::buffer) {
    from.buffer(out);
  } else if constexpr (kKind == Kind::optional) {
    out.reset();
    if (from.boolean()) decode(from, out.emplace());
  } else if constexpr (kKind == Kind::array) {
    for (auto& element : out) decode(from, element);
  } else if constexpr (kKind == Kind::tuple) {
    std::apply([&from](auto&... element) { (decode(from, element), ...); }, out);
  } else if constexpr (kKind == Kind::aggregate) {
    if (!decode_versions<T>(from)) return;
    const std::uint8_t* outer = from.enter(from.u32());
    decode_fields(from, out);
    from.leave(outer);
  } else if constexpr (FlatSequence<T>) {
    out.resize(from.count(sizeof(typename T::value_type)));
    from.raw(out.data(), out.size() * sizeof(typename T::value_type));
  } else {
    decode_elements(from, out);
  }
}

}  // namespace chi::detail
