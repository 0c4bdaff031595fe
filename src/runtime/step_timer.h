// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// When the piece of module code that a thread runs began, and on whose behalf it is, where that is measured.
#pragma once

#include <atomic>
#include <cstdint>

#include "chimaera/ticks.h"

namespace chi::runtime {

struct Task;

// Used by one thread, but for running_ns().
class StepTimer {
 public:
  // `weight`: for how many steps it stands, not 0. `task`: whose handler it is part of, or null.
  void start(std::uint32_t weight, Task* task) noexcept {
    task_ = task;
    began_.store(Ticks::now(), kRelaxed);
    weight_.store(weight, kRelaxed);
  }

  // 0 when nothing is measured.
  std::uint32_t weight() const noexcept { return weight_.load(kRelaxed); }
  Task* task() const noexcept { return task_; }
  std::uint64_t ns_so_far() const noexcept { return Ticks::now().ns_since(began_.load(kRelaxed)); }

  void forget_task() noexcept { task_ = nullptr; }
  void stop() noexcept {
    weight_.store(0, kRelaxed);
    task_ = nullptr;
  }

  // For any thread: how long what is measured has run, roughly; 0: nothing is.
  std::uint64_t running_ns() const noexcept { return weight() == 0 ? 0 : ns_so_far(); }

 private:
  static constexpr std::memory_order kRelaxed = std::memory_order_relaxed;

  std::atomic<std::uint32_t> weight_{0};
  std::atomic<Ticks> began_{Ticks()};
  Task* task_ = nullptr;
};

}  // namespace chi::runtime
