// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where a call goes whose caller names no query: what a request's kRoute (method.h) means. The same rule, for requests
// of which only the schema is known, is field_hash in src/codec: both must give one answer, for data lies there.
#pragma once

#include <chimaera/codec.h>
#include <chimaera/domain.h>
#include <chimaera/method.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace chi {

// The request's kRoute; Route{} where it has none.
template <class Req>
constexpr Route route_of() {
  if constexpr (requires { Req::kRoute; }) {
    return Req::kRoute;
  } else {
    return {};
  }
}

template <class Req>
concept Mergeable =
    requires(typename Req::Reply& into, typename Req::Reply&& from) { Req::merge(into, std::move(from)); };

namespace detail {

constexpr std::uint64_t hash_key(std::string_view key) noexcept { return hash_bytes(key); }

// As 8 little-endian bytes, sign-extended: so a key keeps its place when its type is widened.
template <std::integral T>
constexpr std::uint64_t hash_key(T key) noexcept {
  auto value = static_cast<std::uint64_t>(key);  // NOLINT(bugprone-signed-char-misuse): the sign is meant
  char bytes[8];
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  return hash_bytes({bytes, sizeof bytes});
}

template <class Field>
inline constexpr bool is_route_key =
    std::same_as<Field, std::string> || (std::is_integral_v<Field> && !std::same_as<Field, bool>);

// The position of the field that Req's route hashes.
template <class Req>
consteval std::size_t route_field() {
  constexpr int kFound = field_index<Req>(route_of<Req>().field);
  static_assert(kFound >= 0, "Route::hash names a field that the request does not have");
  constexpr std::size_t kIndex = kFound < 0 ? 0 : kFound;
  static_assert(is_route_key<field_type<Req, kIndex>>, "Route::hash must name a std::string or integer field");
  return kIndex;
}

}  // namespace detail

// The hash that Route::hash("field") stands for.
template <class Req>
constexpr std::uint64_t route_hash(const Req& request) {
  return detail::hash_key(std::get<detail::route_field<Req>()>(tie_fields(request)));
}

// `containers`: of the pool; more than 0.
template <class Req>
constexpr Query default_query(const Req& request, std::uint32_t containers) {
  constexpr Route::Kind kKind = route_of<Req>().kind;
  if constexpr (kKind == Route::Kind::hash) {
    return hash(route_hash(request));
  } else if constexpr (kKind == Route::Kind::all || (kKind == Route::Kind::none && Mergeable<Req>)) {
    return all();
  } else if constexpr (kKind == Route::Kind::any) {
    return any();
  } else {
    return containers == 1 ? container(0) : any();
  }
}

}  // namespace chi
