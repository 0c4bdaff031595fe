// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What must be right about a module's class and requests: each mistake of an author is one readable line of the
// compiler's. Each check is false when something is wrong, so that nothing else is made of it, and the line stands
// alone.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/codec.h>
#include <chimaera/detail/lifecycle.h>
#include <chimaera/detail/thunk.h>
#include <chimaera/method.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace chi::detail {

template <class Req>
concept Request = requires {
  { Req::kMethod } -> std::convertible_to<Method>;
  typename Req::Reply;
};

// "put": what `chimaera call` takes, and what fits into a log line.
constexpr bool is_method_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name[0] < 'a' || name[0] > 'z') return false;
  for (char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

template <class C>
consteval bool check_config() {
  if constexpr (HasConfig<C>) {
    constexpr bool kFields = fields_walk<typename C::Config>();
    constexpr bool kOpens = requires(C& c, const typename C::Config& config) { Status(c.open(config)); };
    static_assert(kOpens, "a class with a Config needs a public `chi::Status open(const Config&)`");
    return kFields && kOpens;
  }
  return true;
}

template <class C, class Req>
consteval bool check_handler() {
  constexpr bool kHandled = Handles<C, Req>;
  static_assert(kHandled, "a request has no handler: the class needs a public on(const Request&)");
  if constexpr (kHandled) {
    constexpr bool kReturns = HandlesPlainly<C, Req> || HandlesAsCoroutine<C, Req>;
    static_assert(kReturns,
                  "a handler must return chi::Result<Request::Reply> or chi::Task<chi::Result<Request::Reply>>");
    return kReturns;
  }
  return false;
}

template <class C, class Req>
consteval bool check_request() {
  constexpr bool kRequest = Request<Req>;
  static_assert(kRequest, "a request needs `static constexpr chi::Method kMethod{id, name, access}` and `using Reply`");
  if constexpr (kRequest) {
    constexpr bool kId = Req::kMethod.id >= 1 && Req::kMethod.id <= CHI_MAX_METHOD_ID;
    constexpr bool kName = is_method_name(Req::kMethod.name);
    constexpr bool kFields = fields_walk<Req>();
    constexpr bool kReply = fields_walk<typename Req::Reply>();
    static_assert(kId, "a method's id is 1 to 1023");
    static_assert(kName, "a method's name is lower_snake_case, of at most 64 characters");
    if constexpr (kId && kName && kFields && kReply) return check_handler<C, Req>();
  }
  return false;
}

template <class C>
consteval bool check_class() {
  constexpr bool kContainer = std::is_base_of_v<ContainerBase, C>;
  static_assert(kContainer, "the class must derive publicly from chi::Container<State>");
  if constexpr (kContainer) {
    constexpr bool kMade = std::is_default_constructible_v<C>;
    constexpr bool kState = fields_walk<typename C::StateType>();
    static_assert(kMade, "the class needs a public constructor without arguments");
    return kMade && kState && check_config<C>();
  }
  return false;
}

// Not one of C::kReservedIds, where there are some.
template <class C, class Req>
consteval bool id_is_free() {
  if constexpr (requires { C::kReservedIds; }) {
    for (const std::uint32_t reserved : C::kReservedIds) {
      if (reserved == Req::kMethod.id) return false;
    }
  }
  return true;
}

template <class... Req>
consteval bool ids_differ() {
  std::array<std::uint32_t, sizeof...(Req)> ids{Req::kMethod.id...};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (ids[i] == ids[j]) return false;
    }
  }
  return true;
}
template <class... Req>
consteval bool names_differ() {
  std::array<std::string_view, sizeof...(Req)> names{Req::kMethod.name...};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[i] == names[j]) return false;
    }
  }
  return true;
}

}  // namespace chi::detail
