// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The names of an enum's values between 0 and 127, which the compiler prints in the name of a function template.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace chi::detail {

struct EnumName {
  std::string_view name;
  std::int64_t value = 0;
};

inline constexpr std::size_t kEnumValues = 128;

template <auto... kValues>
consteval std::string_view print_values() {
  // g++: "... [with auto ...kValues = {kv::Color::red, (kv::Color)1}; ...]"   clang: "... [kValues = <kv::Color::red,
  // ...>]"
  return __PRETTY_FUNCTION__;
}

// Calls found(name, value) for each value that has a name. A value without one is printed as a cast, "(kv::Color)1".
template <class E, class Found>
constexpr void scan_enum(Found found) {
  constexpr std::string_view kText = []<std::size_t... I>(std::index_sequence<I...>) {
    return print_values<static_cast<E>(I)...>();
  }(std::make_index_sequence<kEnumValues>());
  std::size_t at = kText.find("kValues = ") + 11;
  std::size_t start = at;
  std::size_t depth = 0;
  for (std::size_t value = 0; value < kEnumValues; ++at) {
    const char c = kText[at];
    if (depth == 0 && (c == ',' || c == '>' || c == '}')) {
      const std::string_view printed = kText.substr(start, at - start);
      const std::string_view name = printed.substr(printed.find_last_of(":) ") + 1);
      if (name[0] < '0' || name[0] > '9') found(name, static_cast<std::int64_t>(value));
      start = at + 1;
      ++value;
    } else if (c == '(' || c == '<' || c == '{') {
      ++depth;
    } else if (c == ')' || c == '>' || c == '}') {
      --depth;
    }
  }
}

template <class E>
consteval auto enum_names() {
  constexpr std::size_t kCount = [] {
    std::size_t count = 0;
    scan_enum<E>([&count](std::string_view, std::int64_t) { ++count; });
    return count;
  }();
  std::array<EnumName, kCount> out{};
  std::size_t next = 0;
  scan_enum<E>([&](std::string_view name, std::int64_t value) { out[next++] = {name, value}; });
  return out;
}

}  // namespace chi::detail
