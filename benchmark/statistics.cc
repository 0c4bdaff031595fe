// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements statistics.h.
#include "benchmark/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace chi::bench {

double Samples::percentile(double part) {
  if (size_ == 0) return 0;
  const auto end = values_.begin() + static_cast<std::ptrdiff_t>(size_);
  if (!std::is_sorted(values_.begin(), end)) std::sort(values_.begin(), end);
  const double rank = std::ceil(std::clamp(part, 0.0, 1.0) * static_cast<double>(size_));
  return values_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

double Samples::rate() const noexcept {
  const auto total = std::accumulate(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(size_), 0.0);
  return ratio(static_cast<double>(size_) * 1e9, total);
}

double median_of(std::span<const double> values) {
  if (values.empty()) return 0;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Figure::spread() const {
  if (values_.empty()) return 0;
  const auto [low, high] = std::minmax_element(values_.begin(), values_.end());
  return ratio(*high - *low, median());
}

double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double digits = std::floor(std::log10(std::fabs(value))) - 3;  // that go
  const double unit = std::pow(10.0, std::fabs(digits));               // not a negative power: that has no exact value
  return digits < 0 ? std::round(value * unit) / unit : std::round(value / unit) * unit;
}

double ratio(double a, double b) { return b == 0 ? 0 : a / b; }

}  // namespace chi::bench
