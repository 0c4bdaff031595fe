// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Waiting, with a deadline, for things that other threads do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace chi::runtime {

// Counts down to zero. Usable from any thread; lives as long as the last that counts (share it).
class Latch {
 public:
  explicit Latch(std::size_t count) : count_(count) {}

  void arrive() {
    std::lock_guard lock(mutex_);
    if (--count_ == 0) zero_.notify_all();
  }

  // False when the time was over first.
  bool wait_for(std::chrono::nanoseconds time) {
    std::unique_lock lock(mutex_);
    return zero_.wait_for(lock, time, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  std::size_t count_;
};

}  // namespace chi::runtime
