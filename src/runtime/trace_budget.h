// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which tasks a worker traces: each, unless they come so fast that a trace would slow it down; then one of so many as
// keeps to one in kNsEach.
//
// Credit is time: each task that is taken costs kNsEach, up to kMostCredit is saved, and while nothing is left tasks
// are passed over until all of it has been earned again. So what comes in a burst is whole, and what goes on is
// thinned. The gaps are random, or a load with a rhythm of its own would always be caught at the same beat.
#pragma once

#include <algorithm>
#include <cstdint>

namespace chi::runtime {

// Belongs to one thread.
class TraceBudget {
 public:
  static constexpr std::uint64_t kNsEach = 1000;
  static constexpr std::uint64_t kMostCredit = 1024 * kNsEach;
  static constexpr std::uint64_t kMostSkip = 64;

  explicit TraceBudget(bool all) noexcept : all_(all) {}

  // Whether the next one is traced. `passed_ns()` gives the time since it was last asked, which is seldom where all
  // depends on it.
  template <class Passed>
  bool take(Passed passed_ns) noexcept {
    if (skip_ != 0) {
      --skip_;
      return false;
    }
    if (!all_) plan(passed_ns());
    return true;
  }

  std::uint64_t passed_over() const noexcept { return passed_over_ - skip_; }

 private:
  void plan(std::uint64_t passed_ns) noexcept {
    credit_ = std::min(credit_ + passed_ns, kMostCredit + kNsEach);
    credit_ -= std::min(credit_, kNsEach);
    thin_ = credit_ == 0 || (thin_ && credit_ < kMostCredit);
    if (!thin_) {
      gap_ = 0;
      return;
    }
    const std::uint64_t task_ns = std::max<std::uint64_t>(1, passed_ns / (gap_ + 1));
    const std::uint64_t mean = std::min(kNsEach / task_ns, kMostSkip);
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    skip_ = gap_ = random_ % (2 * mean + 1);
    passed_over_ += skip_;
  }

  const bool all_;
  bool thin_ = false;
  std::uint64_t credit_ = kMostCredit;
  std::uint64_t skip_ = 0;  // so many more are passed over
  std::uint64_t gap_ = 0;   // of so many at first
  std::uint64_t passed_over_ = 0;
  std::uint32_t random_ = 0x9e3779b9;
};

}  // namespace chi::runtime
