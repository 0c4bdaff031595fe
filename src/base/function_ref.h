// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A callable passed down by reference: no copy, no memory. It must outlive the call that it is an argument of.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace chi {

template <class Signature>
class FunctionRef;

template <class R, class... A>
class FunctionRef<R(A...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, A...>)
  FunctionRef(F&& callable) noexcept  // NOLINT: implicit, as a parameter
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* self, A... arguments) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(self))(std::forward<A>(arguments)...);
        }) {}

  R operator()(A... arguments) const { return call_(callable_, std::forward<A>(arguments)...); }

 private:
  void* callable_;
  R (*call_)(void*, A...);
};

}  // namespace chi
