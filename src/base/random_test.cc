// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Sources of randomness, and clocks.
#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"

namespace chi {
namespace {

TEST(SeededRandomTest, RepeatsItself) {
  SeededRandom first(42);
  SeededRandom second(42);
  auto child = first.fork();
  auto same_child = second.fork();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(first.next(), second.next());
    ASSERT_EQ(child->next(), same_child->next());
  }
  EXPECT_EQ(SeededRandom(0).next(), 0xe220a8397b1dcdafU) << "the numbers of a seed are fixed for ever";
}

TEST(SeededRandomTest, AForkGoesItsOwnWay) {
  SeededRandom random(42);
  auto child = random.fork();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.next());
    seen.insert(child->next());
  }
  EXPECT_EQ(seen.size(), 2000U);
}

TEST(SystemRandomTest, NeverRepeatsItself) { EXPECT_NE(SystemRandom().next(), SystemRandom().next()); }

TEST(ClockTest, TheSystemsNeverGoesBack) {
  SystemClock clock;
  std::uint64_t last = clock.now_ns();
  for (int i = 0; i < 1000; ++i) {
    std::uint64_t now = clock.now_ns();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(ClockTest, TheManualOneMovesWhenTold) {
  ManualClock clock(5);
  EXPECT_EQ(clock.now_ns(), 5U);
  clock.advance(7);
  EXPECT_EQ(clock.now_ns(), 12U);
}

}  // namespace
}  // namespace chi
