// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the compiler knows of a plain struct: how many fields it has, the fields, and their names. No macro, nothing to
// declare. Of up to 48 fields; not for structs with C arrays, base classes with fields beside their own, or private
// fields.
#pragma once

#include <chimaera/detail/bindings.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace chi {

namespace detail {

// Converts to whatever one field of T may be. As it converts to a nested struct as a whole, the compiler never takes
// the struct's fields apart (brace elision), and each counts once. Never evaluated.
template <class T>
struct AnyField {
  template <class Field>
    requires(!std::same_as<std::remove_cvref_t<Field>, T>)
  operator Field() const {  // NOLINT: implicit is the point
    __builtin_unreachable();
  }
};

template <class T, class... Known>
consteval std::size_t count_fields() {
  if constexpr (sizeof...(Known) <= kMaxFields && requires { T{Known{}..., AnyField<T>{}}; }) {
    return count_fields<T, Known..., AnyField<T>>();
  } else {
    return sizeof...(Known);
  }
}

}  // namespace detail

template <class T>
inline constexpr std::size_t field_count = detail::count_fields<std::remove_cv_t<T>>();

// Calls visit(field...) with references to all fields of `value`, in order, and returns what it returns.
template <class T, class Visit>
constexpr decltype(auto) visit_fields(T& value, Visit&& visit) {
  static_assert(std::is_aggregate_v<std::remove_cv_t<T>>,
                "T must be a plain struct: no constructors, no private fields");
  static_assert(field_count<T> <= detail::kMaxFields, "T has more than 48 fields: group some in a struct");
  return detail::bind_fields<field_count<T>>(value, std::forward<Visit>(visit));
}

// References to all fields.
template <class T>
constexpr auto tie_fields(T& value) {
  return visit_fields(value, [](auto&... field) { return std::tie(field...); });
}

template <class T, std::size_t I>
using field_type = std::remove_reference_t<std::tuple_element_t<I, decltype(tie_fields(std::declval<T&>()))>>;

namespace detail {

template <class T>
struct Outside {
  T value;
};

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif

// Declared only: the address of each field is a constant, and the compiler prints a constant with the field's name.
template <class T>
extern const Outside<T> outside;

template <class T>
struct Address {
  T* pointer;
};
template <class T>
Address(T*) -> Address<T>;

template <auto kAddress>
consteval std::string_view print_address() {
  // g++: "... {(& outside<T>.Outside<T>::value.T::name)}; ...]"   clang: "... {&outside.value.name}]"
  std::string_view text = __PRETTY_FUNCTION__;
  text = text.substr(0, text.rfind('}'));
  while (text.back() == ')') text.remove_suffix(1);
  return text.substr(text.find_last_of(".:> &") + 1);
}

// A copy of the name alone, lest the binary keep the whole text that it was found in.
template <class T, std::size_t I>
inline constexpr auto field_name_chars = [] {
  constexpr std::string_view kName = print_address<Address{&std::get<I>(tie_fields(outside<T>.value))}>();
  std::array<char, kName.size()> out{};
  std::copy(kName.begin(), kName.end(), out.begin());
  return out;
}();

#ifdef __clang__
#pragma clang diagnostic pop
#endif

template <class T>
inline constexpr auto field_names = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{
      std::string_view(field_name_chars<T, I>.data(), field_name_chars<T, I>.size())...};
}(std::make_index_sequence<field_count<T>>());

}  // namespace detail

// Precondition: index < field_count<T>.
template <class T>
constexpr std::string_view field_name(std::size_t index) {
  return detail::field_names<T>[index];
}

// The position of the field with this name, or -1.
template <class T>
constexpr int field_index(std::string_view name) {
  for (std::size_t i = 0; i < field_count<T>; ++i) {
    if (field_name<T>(i) == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace chi
