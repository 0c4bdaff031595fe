// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which of many like things are measured, so that measuring costs no more than about a hundredth of what is measured.
//
// One of about kEvery is, and beyond those as many as were paid for: each measured nanosecond is credit, kNsEach for
// one measurement. So what takes a few microseconds is measured each time, what takes a few nanoseconds seldom. The
// gaps are random, or a load with a rhythm of its own would always be caught at the same beat.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/lane_load.h"

namespace chi::runtime {

// Belongs to one thread, but for count().
class Sampler {
 public:
  static constexpr std::uint64_t kEvery = 64;
  static constexpr std::uint64_t kNsEach = 2048;
  static constexpr std::uint64_t kMostCredit = 4096;
  static constexpr std::uint64_t kFirst = 32;  // measured each, to begin with

  // Counts one. How many it stands for, itself and those before it that were not measured; 0: it is not measured.
  std::uint32_t take() noexcept {
    if (skip()) return 0;
    add_to(count_, std::uint64_t{1});
    return choose(count());
  }
  // Counts one if it is not to be measured; else does nothing and is false. The short way of take().
  bool skip() noexcept {
    const std::uint64_t number = count() + 1;
    if (number >= next_) [[unlikely]]
      return false;
    count_.store(number, std::memory_order_relaxed);
    return true;
  }

  // Credit, for what was measured or is known otherwise.
  void took(std::uint64_t ns) noexcept { credit_ = std::min(kMostCredit, credit_ + ns / kNsEach); }
  void measure_next(std::uint64_t number) noexcept {
    credit_ = std::max(credit_, std::min(kMostCredit, number));
    next_ = 0;
  }
  void measure_always() noexcept { always_ = true; }

  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::uint32_t choose(std::uint64_t number) noexcept {
    const auto weight = static_cast<std::uint32_t>(number - last_);
    last_ = number;
    if (always_) return weight;
    if (credit_ != 0) {
      --credit_;
      return weight;
    }
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    next_ = number + 1 + random_ % (2 * kEvery - 1);
    return weight;
  }

  std::atomic<std::uint64_t> count_{0};
  std::uint64_t next_ = 0;  // the number of the one that is measured next
  std::uint64_t last_ = 0;  // ... and was last
  std::uint64_t credit_ = kFirst;
  std::uint32_t random_ = 0x9e3779b9;
  bool always_ = false;
};

}  // namespace chi::runtime
