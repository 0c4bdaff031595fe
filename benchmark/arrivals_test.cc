// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is drawn has the rate, the parts and the work that were asked for.
#include "benchmark/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace chi::bench {
namespace {

constexpr std::chrono::seconds kLength(100);

double work_s(const std::vector<Arrival>& arrivals, auto&& of) {
  double out = 0;
  for (const Arrival& each : arrivals) out += of(each) ? each.work_us * 1e-6 : 0;
  return out;
}

TEST(Arrivals, KeepWorkersAsBusyAsAsked) {
  const Mix mix{.skewed = true, .busy = 0.6};
  const auto arrivals = draw_arrivals(mix, kLength, 1);
  EXPECT_NEAR(work_s(arrivals, [](auto&) { return true; }), 0.6 * 2 * 100, 6);
  EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(), [](auto& a, auto& b) { return a.due_ns < b.due_ns; }));
  EXPECT_LT(arrivals.back().due_ns, 100'000'000'000U);
  const auto of_long = std::count_if(arrivals.begin(), arrivals.end(), [](auto& each) { return each.work_us == 5000; });
  EXPECT_NEAR(static_cast<double>(of_long) / static_cast<double>(arrivals.size()), 0.1, 0.005);
}

// Times between calls that come at random spread as widely as they are long.
TEST(Arrivals, ComeAtRandom) {
  const auto arrivals = draw_arrivals(Mix{}, kLength, 2);
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const auto between = static_cast<double>(arrivals[i].due_ns - arrivals[i - 1].due_ns);
    sum += between;
    squares += between * between;
  }
  const double mean = sum / static_cast<double>(arrivals.size() - 1);
  const double deviation = std::sqrt(squares / static_cast<double>(arrivals.size() - 1) - mean * mean);
  EXPECT_NEAR(deviation / mean, 1, 0.02);
}

TEST(Arrivals, SkewIsWhatPlacingByNumberGivesToOneWorker) {
  const Mix mix{.skewed = true, .busy = 0.5};
  const auto parts = parts_of_containers(mix);
  ASSERT_EQ(parts.size(), 16U);
  EXPECT_NEAR(parts[0] / parts[2], std::pow(2, 0.99), 1e-9);
  EXPECT_NEAR(parts[0] / parts[1], std::pow(9, 0.99), 1e-9);
  const auto arrivals = draw_arrivals(mix, kLength, 3);
  const double even = work_s(arrivals, [](auto& each) { return each.container % 2 == 0; });
  EXPECT_NEAR(even / work_s(arrivals, [](auto&) { return true; }), 0.80, 0.02);
}

TEST(Arrivals, UniformIsEvenAndTheSameForTheSameSeed) {
  const auto arrivals = draw_arrivals(Mix{}, kLength, 4);
  const auto again = draw_arrivals(Mix{}, kLength, 4);
  const auto other = draw_arrivals(Mix{}, kLength, 5);
  auto same = [](const Arrival& a, const Arrival& b) {
    return a.due_ns == b.due_ns && a.container == b.container && a.work_us == b.work_us;
  };
  EXPECT_TRUE(std::equal(arrivals.begin(), arrivals.end(), again.begin(), again.end(), same));
  EXPECT_FALSE(std::equal(arrivals.begin(), arrivals.end(), other.begin(), other.end(), same));
  const auto of_last = std::count_if(arrivals.begin(), arrivals.end(), [](auto& each) { return each.container == 15; });
  EXPECT_NEAR(static_cast<double>(of_last) / static_cast<double>(arrivals.size()), 1.0 / 16, 0.003);
}

}  // namespace
}  // namespace chi::bench
