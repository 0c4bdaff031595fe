// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a method costs, by the size of its request: learnt from what was measured, so that what is queued can be weighed
// before it runs.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "runtime/lane_load.h"

namespace chi::runtime {

// Handler time of whole tasks, an exponentially weighted mean for each size class. One thread learns; any may predict.
class CostModel {
 public:
  // Class 0: no bytes; class k: 2^(k-1) to 2^k - 1; the last: all above.
  static constexpr unsigned kClasses = 41;
  static constexpr std::uint64_t kMemory = 32;  // tasks that a mean is of, about

  struct Class {
    std::uint64_t count = 0;
    double mean_ns = 0;
  };

  static unsigned class_of(std::uint64_t bytes) noexcept {
    return std::min(static_cast<unsigned>(std::bit_width(bytes)), kClasses - 1);
  }

  void learn(std::uint64_t bytes, std::uint64_t ns) noexcept;

  // Nanoseconds: between the middles of the two nearest known classes in proportion, beyond them the nearest's mean.
  // 0 when nothing is known.
  double predict(std::uint64_t bytes) const noexcept;
  bool knows() const noexcept { return known_.load(std::memory_order_relaxed) != 0; }

  // Of all sizes.
  Class whole() const noexcept { return all_.read(); }
  Class at(unsigned size_class) const noexcept { return classes_[size_class].read(); }

 private:
  struct Mean {
    std::atomic<std::uint64_t> count{0};
    std::atomic<double> mean_ns{0};

    void learn(double ns) noexcept;
    Class read() const noexcept {
      return {count.load(std::memory_order_relaxed), mean_ns.load(std::memory_order_relaxed)};
    }
  };

  std::atomic<std::uint64_t> known_{0};  // a bit for each class with a mean
  Mean all_;
  std::array<Mean, kClasses> classes_;
};

}  // namespace chi::runtime
