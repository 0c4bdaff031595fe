// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The executor of a program's coroutines: one thread's ready list and timers. Driven by Client::run and Client::poll.
// Belongs to its thread.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/executor.h>

#include <cstdint>
#include <vector>

namespace chi::client {

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Scope scope() const noexcept { return {&executor_, nullptr}; }

  void post(chi_work* work) noexcept;
  bool has_ready() const noexcept { return first_ != nullptr; }

  // Runs what is ready, timers included; not what becomes ready by that. Whether there was anything.
  bool run();

  // CLOCK_MONOTONIC nanoseconds of the next timer; the largest number without one.
  std::uint64_t next_timer() const noexcept;

 private:
  struct Timer {
    std::uint64_t at_ns;
    chi_completion* done;
  };

  void start_timer(std::uint64_t at_ns, chi_completion* done);
  void cancel_timer(chi_completion* done) noexcept;
  void fire_timers();

  Executor executor_;
  chi_work* first_ = nullptr;
  chi_work* last_ = nullptr;
  std::vector<Timer> timers_;  // a heap, the earliest first
};

}  // namespace chi::client
