// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements arrivals.h.
#include "benchmark/arrivals.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "benchmark/keys.h"

namespace chi::bench {

std::vector<double> parts_of_containers(const Mix& mix) {
  std::vector<double> parts(mix.containers, 1.0 / mix.containers);
  if (!mix.skewed) return parts;
  double rank = 0;
  for (std::uint32_t worker = 0; worker < mix.workers; ++worker) {
    for (std::uint32_t i = worker; i < mix.containers; i += mix.workers) parts[i] = 1 / std::pow(++rank, kZipfExponent);
  }
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  for (double& part : parts) part /= sum;
  return parts;
}

double calls_per_s(const Mix& mix) {
  const double mean_work_us = mix.long_part * mix.long_us + (1 - mix.long_part) * mix.small_us;
  return 1e6 * mix.busy * mix.workers / mean_work_us;
}

std::vector<Arrival> draw_arrivals(const Mix& mix, std::chrono::nanoseconds length, std::uint64_t seed) {
  SeededRandom random(seed);
  std::vector<double> sums = parts_of_containers(mix);
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  const double interval_ns = 1e9 / calls_per_s(mix);
  std::vector<Arrival> out;
  out.reserve(static_cast<std::size_t>(1.2 * static_cast<double>(length.count()) / interval_ns) + 16);
  double due = 0;
  for (;;) {
    due -= interval_ns * std::log(1 - fraction(random));
    if (due >= static_cast<double>(length.count())) return out;
    const auto found = std::upper_bound(sums.begin(), sums.end() - 1, fraction(random));
    const bool is_long = fraction(random) < mix.long_part;
    out.push_back({static_cast<std::uint64_t>(due), static_cast<std::uint32_t>(found - sums.begin()),
                   is_long ? mix.long_us : mix.small_us});
  }
}

}  // namespace chi::bench
