// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How long to spin before sleeping. A sleeping core takes 25 us to wake, on a virtual machine three times that; a
// spinning one costs its power: spin for as long as what one waits for mostly comes within the spin, and hardly at all
// when it does not. When it would have come, a sleep does not tell: so now and then a whole spin is made to see.
#pragma once

#include <algorithm>
#include <cstdint>

namespace chi::runtime {

// Plain value; times in nanoseconds. limit 0: never spin.
class IdlePolicy {
 public:
  explicit IdlePolicy(std::uint64_t limit_ns) : limit_(limit_ns), spin_(limit_ns) {}

  std::uint64_t spin_ns() const noexcept { return sleeps_ % kSleepsToLook == 0 ? limit_ : spin_; }

  // Work came after `idle_ns` of spinning.
  void caught_after(std::uint64_t idle_ns) noexcept {
    spin_ = std::min(limit_, std::max(spin_, idle_ns * 4));
    if (sleeps_ % kSleepsToLook == 0) ++sleeps_;
  }

  // Work came after `idle_ns` without any, the sleep included.
  void woke_after(std::uint64_t idle_ns) noexcept {
    ++sleeps_;
    if (idle_ns <= limit_) {
      spin_ = std::min(limit_, spin_ * 2 + limit_ / 16);  // a full spin would have caught it
    } else {
      spin_ = std::max(limit_ / 16, spin_ - spin_ / 4);
    }
  }

 private:
  static constexpr std::uint32_t kSleepsToLook = 32;

  std::uint64_t limit_;
  std::uint64_t spin_;
  std::uint32_t sleeps_ = 1;
};

}  // namespace chi::runtime
