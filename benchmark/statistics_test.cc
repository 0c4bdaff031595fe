// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Percentiles, medians and roundings against values worked out by hand.
#include "benchmark/statistics.h"

#include <gtest/gtest.h>

namespace chi::bench {
namespace {

TEST(Samples, PercentileIsTheNearestRank) {
  Samples samples(1000);
  for (std::uint64_t i = 1000; i >= 1; --i) samples.add(i);
  EXPECT_EQ(samples.percentile(0.5), 500);
  EXPECT_EQ(samples.percentile(0.99), 990);
  EXPECT_EQ(samples.percentile(0.999), 999);
  EXPECT_EQ(samples.percentile(1), 1000);
  EXPECT_EQ(samples.percentile(0), 1);
}

TEST(Samples, ASingleSampleIsEveryPercentile) {
  Samples samples(4);
  samples.add(7);
  EXPECT_EQ(samples.percentile(0), 7);
  EXPECT_EQ(samples.percentile(0.5), 7);
  EXPECT_EQ(samples.percentile(1), 7);
}

TEST(Samples, NoSamples) {
  Samples samples(4);
  EXPECT_EQ(samples.percentile(0.5), 0);
  EXPECT_EQ(samples.rate(), 0);
}

TEST(Samples, ClearForgetsWhatIsBehindTheEnd) {
  Samples samples(3);
  for (std::uint64_t i : {900U, 800U, 700U}) samples.add(i);
  EXPECT_TRUE(samples.full());
  samples.clear();
  samples.add(1);
  EXPECT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples.percentile(1), 1);
  EXPECT_EQ(samples.rate(), 1e9);
}

TEST(Samples, RateIsTheMeanNotTheMedian) {
  Samples samples(4);
  for (std::uint64_t i : {100U, 100U, 100U, 700U}) samples.add(i);
  EXPECT_EQ(samples.rate(), 4e6);
}

TEST(Samples, HugeTimesStayHuge) {
  Samples samples(1);
  samples.add(std::uint64_t{1} << 40);
  EXPECT_EQ(samples.percentile(1), 0xffffffffU);
}

TEST(Figure, MedianAndSpread) {
  Figure figure;
  for (double value : {5.0, 1.0, 4.0, 2.0, 3.0}) figure.add(value);
  EXPECT_EQ(figure.median(), 3);
  EXPECT_NEAR(figure.spread(), 4.0 / 3, 1e-12);
  figure.add(100);
  EXPECT_EQ(figure.median(), 3.5);
}

TEST(Figure, Empty) {
  const Figure figure;
  EXPECT_TRUE(figure.empty());
  EXPECT_EQ(figure.median(), 0);
  EXPECT_EQ(figure.spread(), 0);
}

TEST(Rounded, FourDigits) {
  EXPECT_EQ(rounded(123456.7), 123500);
  EXPECT_EQ(rounded(0.00123456), 0.001235);
  EXPECT_EQ(rounded(-1.23456), -1.235);
  EXPECT_EQ(rounded(99999), 100000);
  EXPECT_EQ(rounded(100299999.5), 100300000);
  EXPECT_EQ(rounded(0), 0);
  EXPECT_EQ(rounded(1.0 / 0.0), 0);
}

TEST(Ratio, OfNothing) { EXPECT_EQ(ratio(3, 0), 0); }

}  // namespace
}  // namespace chi::bench
