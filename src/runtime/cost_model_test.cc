// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "runtime/cost_model.h"

#include <gtest/gtest.h>

#include "runtime/method_load.h"
#include "runtime/method_report.h"

namespace chi::runtime {
namespace {

TEST(CostModel, KnowsNothingAtFirst) {
  CostModel model;
  EXPECT_FALSE(model.knows());
  EXPECT_EQ(model.predict(0), 0);
  EXPECT_EQ(model.predict(~std::uint64_t{0}), 0);
}

TEST(CostModel, SizeClassesAreThePowersOfTwo) {
  EXPECT_EQ(CostModel::class_of(0), 0U);
  EXPECT_EQ(CostModel::class_of(1), 1U);
  EXPECT_EQ(CostModel::class_of(4095), 12U);
  EXPECT_EQ(CostModel::class_of(4096), 13U);
  EXPECT_EQ(CostModel::class_of(~std::uint64_t{0}), CostModel::kClasses - 1);
}

TEST(CostModel, TheNearestClassServesBeyondWhatIsKnown) {
  CostModel model;
  model.learn(4096, 1000);
  EXPECT_DOUBLE_EQ(model.predict(0), 1000);
  EXPECT_DOUBLE_EQ(model.predict(5000), 1000);
  EXPECT_DOUBLE_EQ(model.predict(~std::uint64_t{0}), 1000);
}

TEST(CostModel, BetweenTwoClassesItInterpolatesBySize) {
  CostModel model;
  model.learn(1 << 10, 1'000);    // class 11, whose middle is 1536
  model.learn(1 << 20, 100'000);  // class 21, whose middle is 1572864
  EXPECT_DOUBLE_EQ(model.predict(1536), 1'000);
  EXPECT_DOUBLE_EQ(model.predict(1'572'864), 100'000);
  EXPECT_NEAR(model.predict((1536 + 1'572'864) / 2), 50'500, 1);
  double before = 0;
  for (std::uint64_t bytes = 0; bytes < 3'000'000; bytes += 999) {
    EXPECT_GE(model.predict(bytes), before) << bytes;
    before = model.predict(bytes);
  }
}

TEST(CostModel, ForgetsWhatIsLongAgo) {
  CostModel model;
  for (int i = 0; i < 1000; ++i) model.learn(100, 1'000);
  EXPECT_NEAR(model.predict(100), 1'000, 1);
  for (int i = 0; i < 400; ++i) model.learn(100, 5'000);
  EXPECT_NEAR(model.predict(100), 5'000, 50);
  EXPECT_EQ(model.whole().count, 1400U);
}

TEST(MethodLoad, PredictedIsToldBesideWhatItTook) {
  MethodLoad load("kv", 3, "scan", false);
  load.add({1, 100, 1'000, 3'000, 0});
  load.add({2, 100, 1'000, 3'000, 1'500});
  load.count(700, false);
  load.count(11, true);
  MethodLoad::Sums sums;
  load.add_to_sums(sums);
  const admin::MethodLoadInfo row = report_method(sums);
  EXPECT_EQ(row.failed, 1U);
  EXPECT_EQ(row.bytes, 711U);
  EXPECT_EQ(row.total_ns, 3'000U);
  EXPECT_DOUBLE_EQ(row.mean_ns, 1'000);
  EXPECT_GT(row.p50_ns, 2'048);
  EXPECT_LE(row.p99_ns, 4'096);
  EXPECT_EQ(row.predicted, 1U);
  EXPECT_DOUBLE_EQ(row.predicted_mean_ns, 1'500);
  EXPECT_DOUBLE_EQ(row.actual_mean_ns, 1'000);
  EXPECT_DOUBLE_EQ(row.error, 0.5);
  ASSERT_EQ(row.classes.size(), 1U);
  EXPECT_EQ(row.classes[0].size_class, 7U);
  EXPECT_EQ(row.classes[0].measured, 2U);
}

TEST(MethodLoad, OneTaskThatLostTheCpuDoesNotMakeAMethodLong) {
  MethodLoad load("kv", 3, "get", false);
  load.add({1, 0, 9'000'000, 9'000'000, 0});
  EXPECT_FALSE(load.long_running());
  for (int i = 0; i < 30; ++i) load.add({1, 0, 100, 100, 0});
  EXPECT_FALSE(load.long_running());
  for (int i = 0; i < 30; ++i) load.add({1, 0, 5'000'000, 5'000'000, 0});
  EXPECT_TRUE(load.long_running());
  EXPECT_TRUE(MethodLoad("kv", 4, "scrub", true).long_running()) << "declared";
}

TEST(MethodLoad, SumsOfWorkersAreWeighedByTheirTasks) {
  MethodLoad one("kv", 1, "get", false);
  MethodLoad other("kv", 1, "get", false);
  for (int i = 0; i < 3; ++i) one.add({1, 8, 100, 100, 0});
  other.add({1, 8, 500, 500, 0});
  MethodLoad::Sums sums;
  one.add_to_sums(sums);
  other.add_to_sums(sums);
  EXPECT_DOUBLE_EQ(sums.classes[4].mean_ns, 200);
  EXPECT_EQ(sums.measured, 4U);
}

}  // namespace
}  // namespace chi::runtime
