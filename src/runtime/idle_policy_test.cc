// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Spinning grows where it pays and shrinks where it does not.
#include "runtime/idle_policy.h"

#include <gtest/gtest.h>

namespace chi::runtime {
namespace {

TEST(IdlePolicy, FollowsTheWork) {
  IdlePolicy policy(50'000);
  EXPECT_EQ(policy.spin_ns(), 50'000U);
  for (int i = 0; i < 50; ++i) policy.woke_after(10'000'000);
  EXPECT_LE(policy.spin_ns(), 50'000U / 8);
  for (int i = 0; i < 8; ++i) policy.woke_after(20'000);
  EXPECT_EQ(policy.spin_ns(), 50'000U);
}

TEST(IdlePolicy, LooksNowAndThenWhetherASpinWouldPay) {
  IdlePolicy policy(50'000);
  int looks = 0;
  for (int i = 0; i < 320; ++i) {
    policy.woke_after(100'000);  // what a sleeper sees of work that came after 2 us
    looks += policy.spin_ns() == 50'000U ? 1 : 0;
  }
  EXPECT_EQ(looks, 10);
  while (policy.spin_ns() != 50'000U) policy.woke_after(100'000);
  policy.caught_after(2'000);
  EXPECT_EQ(policy.spin_ns(), 8'000U);
  policy.caught_after(1'000);
  EXPECT_EQ(policy.spin_ns(), 8'000U);
  policy.caught_after(40'000);
  EXPECT_EQ(policy.spin_ns(), 50'000U);
}

TEST(IdlePolicy, NeverSpinsWithALimitOfZero) {
  IdlePolicy policy(0);
  policy.woke_after(0);
  policy.woke_after(1'000'000);
  EXPECT_EQ(policy.spin_ns(), 0U);
}

}  // namespace
}  // namespace chi::runtime
