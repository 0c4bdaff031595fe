// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The one thing the language has no shorter form for: binding N fields takes N names. Use aggregate.h instead.
#pragma once

#include <cstddef>

namespace chi::detail {

inline constexpr std::size_t kMaxFields = 48;

// clang-format off
#define CHI_A a0, a1, a2, a3, a4, a5, a6, a7
#define CHI_B b0, b1, b2, b3, b4, b5, b6, b7
#define CHI_C c0, c1, c2, c3, c4, c5, c6, c7
#define CHI_D d0, d1, d2, d3, d4, d5, d6, d7
#define CHI_E e0, e1, e2, e3, e4, e5, e6, e7
#define CHI_BIND(n, ...) \
  else if constexpr (N == n) { auto& [__VA_ARGS__] = value; return visit(__VA_ARGS__); }

// An error in here means: T has a C array (use std::array) or a base class; neither can be walked.
// Calls visit(field...) with all N fields of `value`, in order.
template <std::size_t N, class T, class Visit>
constexpr decltype(auto) bind_fields([[maybe_unused]] T& value, Visit&& visit) {
  if constexpr (N == 0) { return visit(); }
  CHI_BIND(1, a0)
  CHI_BIND(2, a0, a1)
  CHI_BIND(3, a0, a1, a2)
  CHI_BIND(4, a0, a1, a2, a3)
  CHI_BIND(5, a0, a1, a2, a3, a4)
  CHI_BIND(6, a0, a1, a2, a3, a4, a5)
  CHI_BIND(7, a0, a1, a2, a3, a4, a5, a6)
  CHI_BIND(8, a0, a1, a2, a3, a4, a5, a6, a7)
  CHI_BIND(9, CHI_A, b0)
  CHI_BIND(10, CHI_A, b0, b1)
  CHI_BIND(11, CHI_A, b0, b1, b2)
  CHI_BIND(12, CHI_A, b0, b1, b2, b3)
  CHI_BIND(13, CHI_A, b0, b1, b2, b3, b4)
  CHI_BIND(14, CHI_A, b0, b1, b2, b3, b4, b5)
  CHI_BIND(15, CHI_A, b0, b1, b2, b3, b4, b5, b6)
  CHI_BIND(16, CHI_A, b0, b1, b2, b3, b4, b5, b6, b7)
  CHI_BIND(17, CHI_A, CHI_B, c0)
  CHI_BIND(18, CHI_A, CHI_B, c0, c1)
  CHI_BIND(19, CHI_A, CHI_B, c0, c1, c2)
  CHI_BIND(20, CHI_A, CHI_B, c0, c1, c2, c3)
  CHI_BIND(21, CHI_A, CHI_B, c0, c1, c2, c3, c4)
  CHI_BIND(22, CHI_A, CHI_B, c0, c1, c2, c3, c4, c5)
  CHI_BIND(23, CHI_A, CHI_B, c0, c1, c2, c3, c4, c5, c6)
  CHI_BIND(24, CHI_A, CHI_B, c0, c1, c2, c3, c4, c5, c6, c7)
  CHI_BIND(25, CHI_A, CHI_B, CHI_C, d0)
  CHI_BIND(26, CHI_A, CHI_B, CHI_C, d0, d1)
  CHI_BIND(27, CHI_A, CHI_B, CHI_C, d0, d1, d2)
  CHI_BIND(28, CHI_A, CHI_B, CHI_C, d0, d1, d2, d3)
  CHI_BIND(29, CHI_A, CHI_B, CHI_C, d0, d1, d2, d3, d4)
  CHI_BIND(30, CHI_A, CHI_B, CHI_C, d0, d1, d2, d3, d4, d5)
  CHI_BIND(31, CHI_A, CHI_B, CHI_C, d0, d1, d2, d3, d4, d5, d6)
  CHI_BIND(32, CHI_A, CHI_B, CHI_C, d0, d1, d2, d3, d4, d5, d6, d7)
  CHI_BIND(33, CHI_A, CHI_B, CHI_C, CHI_D, e0)
  CHI_BIND(34, CHI_A, CHI_B, CHI_C, CHI_D, e0, e1)
  CHI_BIND(35, CHI_A, CHI_B, CHI_C, CHI_D, e0, e1, e2)
  CHI_BIND(36, CHI_A, CHI_B, CHI_C, CHI_D, e0, e1, e2, e3)
  CHI_BIND(37, CHI_A, CHI_B, CHI_C, CHI_D, e0, e1, e2, e3, e4)
  CHI_BIND(38, CHI_A, CHI_B, CHI_C, CHI_D, e0, e1, e2, e3, e4, e5)
  CHI_BIND(39, CHI_A, CHI_B, CHI_C, CHI_D, e0, e1, e2, e3, e4, e5, e6)
  CHI_BIND(40, CHI_A, CHI_B, CHI_C, CHI_D, e0, e1, e2, e3, e4, e5, e6, e7)
  CHI_BIND(41, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0)
  CHI_BIND(42, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0, f1)
  CHI_BIND(43, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0, f1, f2)
  CHI_BIND(44, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0, f1, f2, f3)
  CHI_BIND(45, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0, f1, f2, f3, f4)
  CHI_BIND(46, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0, f1, f2, f3, f4, f5)
  CHI_BIND(47, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0, f1, f2, f3, f4, f5, f6)
  CHI_BIND(48, CHI_A, CHI_B, CHI_C, CHI_D, CHI_E, f0, f1, f2, f3, f4, f5, f6, f7)
}
#undef CHI_BIND
#undef CHI_A
#undef CHI_B
#undef CHI_C
#undef CHI_D
#undef CHI_E
// clang-format on

}  // namespace chi::detail
