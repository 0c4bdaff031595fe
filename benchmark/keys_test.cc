// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The drawn keys have the distribution that they are said to have.
#include "benchmark/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace chi::bench {
namespace {

constexpr std::uint32_t kKeys = 1000;
constexpr std::size_t kDraws = 400'000;

// How often each key was drawn, the most popular first.
std::vector<double> shares(KeyChoice choice) {
  std::vector<double> out(kKeys, 0);
  for (std::uint32_t key : draw_keys(choice, kKeys, kDraws, 7)) out.at(key) += 1.0 / kDraws;
  std::sort(out.rbegin(), out.rend());
  return out;
}

TEST(DrawKeys, UniformIsFlat) {
  const auto found = shares(KeyChoice::uniform);
  EXPECT_LT(found.front(), 1.4 / kKeys);
  EXPECT_GT(found.back(), 0.6 / kKeys);
}

TEST(DrawKeys, ZipfianFollowsItsLaw) {
  const auto found = shares(KeyChoice::zipfian);
  double sum = 0;
  for (std::uint32_t n = 1; n <= kKeys; ++n) sum += 1 / std::pow(n, kZipfExponent);
  for (std::uint32_t n : {1U, 2U, 10U, 50U}) {
    const double expected = 1 / std::pow(n, kZipfExponent) / sum;
    EXPECT_NEAR(found[n - 1] / expected, 1, 0.1) << "rank " << n;
  }
}

TEST(DrawKeys, ThePopularOnesAreScattered) {
  std::vector<unsigned> counts(kKeys, 0);
  for (std::uint32_t key : draw_keys(KeyChoice::zipfian, kKeys, kDraws, 7)) ++counts[key];
  const auto first = std::max_element(counts.begin(), counts.end());
  *first = 0;
  const auto second = std::max_element(counts.begin(), counts.end());
  EXPECT_GT(std::abs(second - first), 1);
}

TEST(DrawKeys, SeedDecides) {
  for (KeyChoice choice : {KeyChoice::uniform, KeyChoice::zipfian}) {
    EXPECT_EQ(draw_keys(choice, kKeys, 100, 1), draw_keys(choice, kKeys, 100, 1));
    EXPECT_NE(draw_keys(choice, kKeys, 100, 1), draw_keys(choice, kKeys, 100, 2));
  }
}

TEST(DrawKeys, OneKey) {
  for (KeyChoice choice : {KeyChoice::uniform, KeyChoice::zipfian}) {
    EXPECT_EQ(draw_keys(choice, 1, 3, 1), std::vector<std::uint32_t>(3, 0));
  }
}

TEST(KeyText, HasTheRivalsForm) { EXPECT_EQ(key_text(42), "key:000000000042"); }

}  // namespace
}  // namespace chi::bench
