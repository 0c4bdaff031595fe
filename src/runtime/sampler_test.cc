// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "runtime/sampler.h"

#include <gtest/gtest.h>

#include <array>

namespace chi::runtime {
namespace {

// Counts `number`, each of which takes so long; gives how many were measured.
std::uint64_t measured_of(Sampler& sampler, std::uint64_t number, std::uint64_t ns,
                          std::uint64_t* stood_for = nullptr) {
  std::uint64_t measured = 0;
  for (std::uint64_t i = 0; i < number; ++i) {
    const std::uint32_t weight = sampler.take();
    if (weight == 0) continue;
    ++measured;
    if (stood_for) *stood_for += weight;
    sampler.took(ns);
  }
  return measured;
}

TEST(Sampler, TheFirstAreAllMeasured) {
  Sampler sampler;
  EXPECT_EQ(measured_of(sampler, Sampler::kFirst, 5), Sampler::kFirst);
}

TEST(Sampler, ShortOnesAreMeasuredSeldomAndStandForAll) {
  Sampler sampler;
  std::uint64_t stood_for = 0;
  const std::uint64_t measured = measured_of(sampler, 100'000, 5, &stood_for);
  EXPECT_NEAR(static_cast<double>(measured), 100'000.0 / Sampler::kEvery, 200);
  EXPECT_NEAR(static_cast<double>(stood_for), 100'000, 2 * Sampler::kEvery);
  EXPECT_EQ(sampler.count(), 100'000U);
}

TEST(Sampler, WhatTakesLongIsAlwaysMeasured) {
  Sampler sampler;
  measured_of(sampler, 100, 5);
  EXPECT_GT(measured_of(sampler, 1000, 1'000'000), 1000 - 2 * Sampler::kEvery) << "the first may be missed";
  EXPECT_EQ(measured_of(sampler, 1000, 5), 1000U) << "and then for a while, so that the second is seen";
  EXPECT_LT(measured_of(sampler, 100'000, 5), 10'000U);
}

TEST(Sampler, ARhythmIsNotCaughtAtOneBeat) {
  Sampler sampler;
  std::array<std::uint64_t, 16> stood_for{};
  for (std::uint64_t i = 0; i < 1'000'000; ++i) stood_for[i % 16] += sampler.take();
  for (const std::uint64_t each : stood_for) EXPECT_NEAR(static_cast<double>(each), 1'000'000.0 / 16, 12'000);
}

TEST(Sampler, TimeThatPassedUnseenMakesTheNextOnesMeasured) {
  Sampler sampler;
  measured_of(sampler, 100, 5);
  sampler.measure_next(10);
  EXPECT_EQ(measured_of(sampler, 10, 5), 10U);
  sampler.measure_always();
  EXPECT_EQ(measured_of(sampler, 10'000, 5), 10'000U - 0) << "declared";
}

}  // namespace
}  // namespace chi::runtime
