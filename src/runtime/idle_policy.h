// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How long to spin before sleeping. A sleeping core takes some 25 us to wake, a spinning one costs its power: spin for
// as long as what one waits for mostly comes within the spin, and hardly at all when it does not.
#pragma once

#include <algorithm>
#include <cstdint>

namespace chi::runtime {

// Plain value; times in nanoseconds. limit 0: never spin.
class IdlePolicy {
 public:
  explicit IdlePolicy(std::uint64_t limit_ns) : limit_(limit_ns), spin_(limit_ns) {}

  std::uint64_t spin_ns() const noexcept { return spin_; }

  // Work came after `idle_ns` without any, the sleep included.
  void woke_after(std::uint64_t idle_ns) noexcept {
    if (idle_ns <= limit_) {
      spin_ = std::min(limit_, spin_ * 2 + limit_ / 16);  // a full spin would have caught it
    } else {
      spin_ = std::max(limit_ / 16, spin_ - spin_ / 4);
    }
  }

 private:
  std::uint64_t limit_;
  std::uint64_t spin_;
};

}  // namespace chi::runtime
