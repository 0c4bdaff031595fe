// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <chimaera/ticks.h>
#include <gtest/gtest.h>

#include <chrono>

namespace chi {
namespace {

using Clock = std::chrono::steady_clock;

double ns_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

// Between two readings of the clock just inside of the ticks', and two just outside: however long it was held up.
TEST(Ticks, AgreeWithTheClock) {
  for (int round = 0; round < 20; ++round) {
    const auto outer_begin = Clock::now();
    const Ticks begin = Ticks::now();
    const auto inner_begin = Clock::now();
    auto inner_end = inner_begin;
    while (ns_between(inner_begin, inner_end) < 1e6 * round) inner_end = Clock::now();
    const Ticks end = Ticks::now();
    const auto outer_end = Clock::now();
    const auto ns = static_cast<double>(end.ns_since(begin));
    EXPECT_GE(ns, ns_between(inner_begin, inner_end) * 0.99 - 100);
    EXPECT_LE(ns, ns_between(outer_begin, outer_end) * 1.01 + 100);
  }
}

TEST(Ticks, NeverGiveANegativeTime) {
  const Ticks begin = Ticks::now();
  const Ticks end = Ticks::now();
  EXPECT_EQ(begin.ns_since(begin), 0u);
  EXPECT_LT(begin.ns_since(end), 1u);
}

}  // namespace
}  // namespace chi
