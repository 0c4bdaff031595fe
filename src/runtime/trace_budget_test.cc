// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "runtime/trace_budget.h"

#include <gtest/gtest.h>

#include <utility>

namespace chi::runtime {
namespace {

class TraceBudgetTest : public testing::Test {
 protected:
  // How many of `count` tasks are taken that come `apart_ns` after one another.
  std::uint64_t taken(std::uint64_t count, std::uint64_t apart_ns, TraceBudget& budget) {
    std::uint64_t out = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      passed_ns_ += apart_ns;
      out += budget.take([this] { return std::exchange(passed_ns_, 0); });
    }
    return out;
  }

  std::uint64_t passed_ns_ = 0;
  TraceBudget budget_{false};
};

TEST_F(TraceBudgetTest, WhatIsSlowIsTakenEachTime) {
  EXPECT_EQ(taken(1'000'000, TraceBudget::kNsEach, budget_), 1'000'000U);
  EXPECT_EQ(budget_.passed_over(), 0U);
}

TEST_F(TraceBudgetTest, WhatIsFastIsThinnedToItsShareOfTime) {
  for (const std::uint64_t apart_ns : {50U, 100U, 250U}) {
    TraceBudget budget(false);
    constexpr std::uint64_t kCount = 1'000'000;
    const std::uint64_t got = taken(kCount, apart_ns, budget);
    EXPECT_EQ(got + budget.passed_over(), kCount);
    const double share = static_cast<double>(got * TraceBudget::kNsEach) / static_cast<double>(kCount * apart_ns);
    EXPECT_GT(share, 0.9) << apart_ns;
    EXPECT_LT(share, 1.4) << apart_ns;
  }
}

TEST_F(TraceBudgetTest, ABurstIsWhole) {
  for (int burst = 0; burst < 3; ++burst) {
    passed_ns_ += TraceBudget::kMostCredit;
    EXPECT_EQ(taken(1000, 50, budget_), 1000U);
  }
}

TEST_F(TraceBudgetTest, WhatBecomesSlowIsTakenEachTimeAgain) {
  ASSERT_LT(taken(100'000, 50, budget_), 30'000U);
  taken(200, 1'000'000, budget_);  // until the last gap is over
  EXPECT_EQ(taken(1000, 1'000'000, budget_), 1000U);
}

TEST_F(TraceBudgetTest, AllMeansAll) {
  TraceBudget all(true);
  EXPECT_EQ(taken(100'000, 1, all), 100'000U);
  EXPECT_EQ(all.passed_over(), 0U);
}

}  // namespace
}  // namespace chi::runtime
