// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which types the codec can walk, and how it sees each.
#pragma once

#include <chimaera/aggregate.h>
#include <chimaera/bytes.h>
#include <chimaera/method.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace chi::detail {

enum class Kind {
  none,
  boolean,
  number,
  enumeration,
  string,
  bytes,
  buffer,
  optional,
  sequence,
  set,
  map,
  array,
  tuple,
  aggregate
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;

template <class T>
concept Range = requires(T t, const T c) {
  c.begin();
  c.end();
  { c.size() } -> std::convertible_to<std::size_t>;
  t.clear();
};
template <class T>
concept MapLike = Range<T> && requires(T t, typename T::key_type k, typename T::mapped_type m) {
  t.emplace(std::move(k), std::move(m));
  requires requires(const T c) { c.begin()->second; };
};
template <class T>
concept SetLike = Range<T> && !requires { typename T::mapped_type; } &&
                  requires(T t, typename T::key_type k) { t.emplace(std::move(k)); };
template <class T>
concept SequenceLike = Range<T> && !requires { typename T::key_type; } &&
                       requires(T t, typename T::value_type v) { t.push_back(std::move(v)); };

// Enums need a fixed underlying type: without one, most values of it would be undefined behaviour.
template <class T>
concept FixedEnum =
    std::is_enum_v<T> && !std::same_as<std::underlying_type_t<T>, bool> && requires { T{std::underlying_type_t<T>{}}; };

template <class T>
consteval Kind kind_of() {
  if (std::same_as<T, bool>) return Kind::boolean;
  if (std::is_integral_v<T> && sizeof(T) <= 8) return Kind::number;
  if (std::same_as<T, float> || std::same_as<T, double>) return Kind::number;
  if (std::is_enum_v<T>) return FixedEnum<T> ? Kind::enumeration : Kind::none;
  if (std::same_as<T, std::string>) return Kind::string;
  if (std::same_as<T, Bytes>) return Kind::bytes;
  if (std::same_as<T, Buffer>) return Kind::buffer;
  if (is_optional<T>) return Kind::optional;
  if (is_array<T>) return Kind::array;
  if (is_tuple<T>) return Kind::tuple;
  if (MapLike<T>) return Kind::map;
  if (SetLike<T>) return Kind::set;
  if (SequenceLike<T>) return Kind::sequence;
  return std::is_aggregate_v<T> && std::is_class_v<T> ? Kind::aggregate : Kind::none;
}

// The types that a tuple-like, or the fields of an aggregate, consist of: calls fn.template operator()<F>() for each.
template <class Tuple, class Fn>
consteval auto with_types(Fn fn) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return fn.template operator()<std::remove_cvref_t<std::tuple_element_t<I, Tuple>>...>();
  }(std::make_index_sequence<std::tuple_size_v<Tuple>>());
}
template <class T>
using FieldTuple = decltype(tie_fields(std::declval<T&>()));

template <class T>
consteval bool walkable() {
  constexpr Kind kKind = kind_of<T>();
  constexpr auto kAll = []<class... F>() { return (walkable<F>() && ...); };
  if constexpr (!std::default_initializable<T> || !std::movable<T> || kKind == Kind::none)
    return false;
  else if constexpr (kKind == Kind::optional || kKind == Kind::sequence)
    return walkable<typename T::value_type>();
  else if constexpr (kKind == Kind::set)
    return walkable<typename T::key_type>();
  else if constexpr (kKind == Kind::map)
    return walkable<typename T::key_type>() && walkable<typename T::mapped_type>();
  else if constexpr (kKind == Kind::array)
    return std::tuple_size_v<T> != 0 && walkable<typename T::value_type>();
  else if constexpr (kKind == Kind::tuple)
    return std::tuple_size_v<T> != 0 && with_types<T>(kAll);
  else if constexpr (kKind == Kind::aggregate)
    return field_count<T> <= kMaxFields && with_types<FieldTuple<T>>(kAll);
  else
    return true;
}

// Text that the compiler prints: a field's name as an argument of a template.
template <std::size_t kSize>
struct FieldText {
  char text[kSize + 1]{};

  consteval explicit FieldText(std::string_view name) { std::copy_n(name.begin(), kSize, text); }
};
template <class T, std::size_t I>
inline constexpr FieldText<field_name<T>(I).size()> field_text{field_name<T>(I)};

template <class T>
consteval bool fields_walk();

// Whether the codec can walk it; else the compiler says which field it is not, of which struct and of which type, down
// to where it goes wrong. (What it prints is this function with its arguments.)
template <class Struct, FieldText kField, class Type>
consteval bool field_walks() {
  constexpr Kind kKind = kind_of<Type>();
  if constexpr (walkable<Type>()) {
    return true;
  } else if constexpr (kKind == Kind::optional || kKind == Kind::sequence || kKind == Kind::array) {
    return field_walks<Struct, kField, typename Type::value_type>();
  } else if constexpr (kKind == Kind::set) {
    return field_walks<Struct, kField, typename Type::key_type>();
  } else if constexpr (kKind == Kind::map) {
    return field_walks<Struct, kField, typename Type::key_type>() &&
           field_walks<Struct, kField, typename Type::mapped_type>();
  } else if constexpr (kKind == Kind::aggregate) {
    return fields_walk<Type>();
  } else {
    static_assert(walkable<Type>(),
                  "the codec cannot walk this field: `field_walks` above names it; see chi::Walkable");
    return false;
  }
}

// The same of a whole struct.
template <class T>
consteval bool fields_walk() {
  constexpr bool kPlain = kind_of<T>() == Kind::aggregate;
  static_assert(kPlain, "this must be a plain struct, without constructors or private fields; see chi::Walkable");
  if constexpr (!kPlain) {
    return false;
  } else if constexpr (field_count<T> > kMaxFields) {
    static_assert(field_count<T> <= kMaxFields, "a struct has more than 48 fields: group some in a struct");
    return false;
  } else if constexpr (!walkable<T>()) {
    constexpr bool kFields = []<std::size_t... I>(std::index_sequence<I...>) {
      return (field_walks<T, field_text<T, I>, std::remove_cvref_t<std::tuple_element_t<I, FieldTuple<T>>>>() & ...);
    }(std::make_index_sequence<field_count<T>>());
    static_assert(!kFields, "this struct must be one that can be made without arguments, and moved");
    return false;
  } else {
    return true;
  }
}

// Bytes that every value of T takes at least, inside another value: what bounds a count of them.
template <class T>
consteval std::size_t least_size() {
  constexpr Kind kKind = kind_of<T>();
  if constexpr (kKind == Kind::number || kKind == Kind::enumeration)
    return sizeof(T);
  else if constexpr (kKind == Kind::boolean || kKind == Kind::optional)
    return 1;
  else if constexpr (kKind == Kind::array)
    return std::tuple_size_v<T> * least_size<typename T::value_type>();
  else if constexpr (kKind == Kind::tuple)
    return with_types<T>([]<class... F>() { return (least_size<F>() + ...); });
  else if constexpr (kKind == Kind::aggregate)
    return 6;  // its envelope: all fields may be missing
  else
    return 4;
}

// Whether T's memory is its encoding, and any bytes are a valid T.
template <class T>
consteval bool is_flat() {
  constexpr Kind kKind = kind_of<T>();
  if constexpr (kKind == Kind::array)
    return is_flat<typename T::value_type>();
  else
    return kKind == Kind::number || kKind == Kind::enumeration;
}

// Whether the fields of the aggregate T are, one after the other, T's memory.
template <class T>
consteval bool has_flat_fields() {
  if constexpr (!std::is_trivially_copyable_v<T> || field_count<T> == 0)
    return false;
  else
    return with_types<FieldTuple<T>>(
        []<class... F>() { return (is_flat<F>() && ...) && (sizeof(F) + ...) == sizeof(T); });
}

// A sequence whose elements are, one after the other, its memory.
template <class T>
concept FlatSequence = SequenceLike<T> && is_flat<typename T::value_type>() && requires(T t) {
  { t.data() } -> std::same_as<typename T::value_type*>;
  t.resize(1);
};

template <class T>
consteval Version version_of() {
  if constexpr (requires { T::kVersion; }) {
    static_assert(T::kVersion.oldest >= 1 && T::kVersion.oldest <= T::kVersion.current,
                  "kVersion is {current, oldest}, with 1 <= oldest <= current");
    return T::kVersion;
  } else {
    return {};
  }
}

}  // namespace chi::detail
