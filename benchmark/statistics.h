// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Times of single operations, and figures that are measured several times. Plain values, no locking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace chi::bench {

// The times of one repeat. Its memory is touched when it is made: adding never allocates and never faults.
class Samples {
 public:
  explicit Samples(std::size_t capacity) : values_(capacity) {}

  void clear() noexcept { size_ = 0; }
  bool full() const noexcept { return size_ == values_.size(); }
  std::size_t size() const noexcept { return size_; }

  // Above 4.29 s a sample counts as 4.29 s. Precondition: !full().
  void add(std::uint64_t ns) noexcept {
    values_[size_++] = static_cast<std::uint32_t>(ns < 0xffffffffU ? ns : 0xffffffffU);
  }

  // The smallest sample that at least `part` (0 to 1) of all are not above; 0 when there are none. Sorts the samples.
  double percentile(double part);

  // Operations a second, one after the other.
  double rate() const noexcept;

 private:
  std::vector<std::uint32_t> values_;
  std::size_t size_ = 0;
};

// The middle value, or the mean of the two in the middle; 0 of none.
double median_of(std::span<const double> values);

// A figure, measured once in each repeat.
class Figure {
 public:
  void add(double value) { values_.push_back(value); }
  bool empty() const noexcept { return values_.empty(); }
  double last() const noexcept { return values_.empty() ? 0 : values_.back(); }
  double median() const { return median_of(values_); }

  // How far the repeats lie apart: (largest - smallest) / median; 0 when there is nothing to compare.
  double spread() const;

 private:
  std::vector<double> values_;
};

// To 4 significant digits: what lies behind them is noise.
double rounded(double value);

// a / b; 0 when b is.
double ratio(double a, double b);

}  // namespace chi::bench
