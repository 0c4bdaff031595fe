// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Time as the runtime sees it: nanoseconds since some start, never going back. The daemon passes in SystemClock, a
// simulation its own; nothing else asks the machine for the time. Usable from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>

namespace chi {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::uint64_t now_ns() const noexcept = 0;
};

// CLOCK_MONOTONIC: stands still while the machine sleeps, is the same in all processes of a machine.
class SystemClock final : public Clock {
 public:
  std::uint64_t now_ns() const noexcept override {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
  }
};

// Moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::uint64_t start_ns = 1) : now_ns_(start_ns) {}
  std::uint64_t now_ns() const noexcept override { return now_ns_.load(std::memory_order_acquire); }
  void advance(std::uint64_t by_ns) noexcept { now_ns_.fetch_add(by_ns, std::memory_order_acq_rel); }

 private:
  std::atomic<std::uint64_t> now_ns_;
};

}  // namespace chi
