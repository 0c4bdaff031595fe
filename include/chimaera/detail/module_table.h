// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The constant table that a module exports, made from its class and its requests.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/detail/lifecycle.h>
#include <chimaera/detail/module_checks.h>
#include <chimaera/detail/thunk.h>
#include <chimaera/route.h>
#include <chimaera/schema.h>

#include <array>
#include <cstdint>

namespace chi::detail {

template <class C, class Req>
consteval chi_method method_entry() {
  chi_method out{};
  out.id = Req::kMethod.id;
  out.flags = Req::kMethod.access == Access::write ? CHI_ACCESS_WRITE : CHI_ACCESS_READ;
  if (Req::kMethod.duration == Duration::long_running) out.flags |= CHI_METHOD_LONG_RUNNING;
  out.name = Req::kMethod.name.data();
  out.request_schema = schema_of<Req>();
  out.reply_schema = schema_of<typename Req::Reply>();
  if constexpr (HandlesAsCoroutine<C, Req>) {
    out.flags |= CHI_METHOD_COROUTINE;
    out.run = &CallFrame<C, Req>::run;
  } else {
    out.run = &run_plain<C, Req>;
  }
  if constexpr (Mergeable<Req>) out.merge = &merge<Req>;
  constexpr Route kRoute = route_of<Req>();
  out.route = static_cast<std::uint32_t>(kRoute.kind);
  if constexpr (kRoute.kind == Route::Kind::hash) out.route_field = route_field<Req>();
  return out;
}

template <class C, class... Req>
inline constexpr std::array<chi_method, sizeof...(Req)> module_methods{method_entry<C, Req>()...};

template <class C>
consteval const char* config_schema() {
  if constexpr (HasConfig<C>) {
    return schema_of<typename C::Config>();
  } else {
    return "()";
  }
}

template <class C, class... Req>
consteval chi_module module_table(const char* name, const char* version) {
  chi_module out{};
  static_assert(sizeof...(Req) > 0, "a module needs at least one request");
  if constexpr (check_class<C>() && (check_request<C, Req>() && ...)) {
    static_assert(ids_differ<Req...>(), "two requests have the same method id");
    static_assert((id_is_free<C, Req>() && ...),
                  "a request has an id of the class's kReservedIds, which had another meaning once: take a new one");
    static_assert(names_differ<Req...>(), "two requests have the same method name");
    constexpr Version kState = version_of<typename C::StateType>();
    out.magic = CHI_ABI_MAGIC;
    out.abi_version = CHI_ABI_VERSION;
    out.size = sizeof(chi_module);
    out.method_size = sizeof(chi_method);
    out.name = name;
    out.version = version;
    out.state_version = kState.current;
    out.state_oldest = kState.oldest;
    out.method_count = sizeof...(Req);
    out.methods = module_methods<C, Req...>.data();
    out.config_schema = config_schema<C>();
    out.state_schema = schema_of<typename C::StateType>();
    out.create = &create<C>;
    out.destroy = &destroy<C>;
    out.snapshot = &snapshot<C>;
    out.restore = &restore<C>;
  }
  return out;
}

}  // namespace chi::detail
