// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Draws from the inverted distribution function.
#include "benchmark/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace chi::bench {
namespace {

// Entry n: the part of all draws that goes to the n + 1 most popular.
std::vector<double> zipf_distribution(std::uint32_t keys) {
  std::vector<double> sums(keys);
  double sum = 0;
  for (std::uint32_t rank = 0; rank < keys; ++rank) sums[rank] = sum += 1 / std::pow(rank + 1, kZipfExponent);
  for (double& each : sums) each /= sum;
  return sums;
}

std::vector<std::uint32_t> shuffled(std::uint32_t keys, Random& random) {
  std::vector<std::uint32_t> out(keys);
  std::iota(out.begin(), out.end(), 0U);
  for (std::uint32_t left = keys; left > 1; --left) std::swap(out[left - 1], out[random.next() % left]);
  return out;
}

}  // namespace

double fraction(Random& random) noexcept { return static_cast<double>(random.next() >> 11) * 0x1p-53; }

const char* name_of(KeyChoice choice) noexcept { return choice == KeyChoice::uniform ? "uniform" : "zipfian"; }

std::vector<std::uint32_t> draw_keys(KeyChoice choice, std::uint32_t keys, std::size_t count, std::uint64_t seed) {
  SeededRandom random(seed);
  std::vector<std::uint32_t> out(count);
  if (choice == KeyChoice::uniform) {
    for (auto& key : out) key = static_cast<std::uint32_t>(random.next() % keys);
    return out;
  }
  const std::vector<double> sums = zipf_distribution(keys);
  const std::vector<std::uint32_t> key_of_rank = shuffled(keys, random);
  for (auto& key : out) {
    const auto found = std::upper_bound(sums.begin(), sums.end() - 1, fraction(random));
    key = key_of_rank[static_cast<std::size_t>(found - sums.begin())];
  }
  return out;
}

std::string key_text(std::uint32_t number) { return fmt::format("key:{:012}", number); }

}  // namespace chi::bench
