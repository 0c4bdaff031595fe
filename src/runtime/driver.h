// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The thread that drives a worker, and how a worker is taken away from it.
//
// A worker is an object without a thread of its own. When a step of a handler lasts too long, the monitor takes the
// worker from its driver and gives it to a new one; the old driver is then an *orphan* that owns nothing but the step
// it is in. The handshake costs the hot path two plain stores and a load a step (base/asymmetric_fence.h):
//   driver: phase = in_handler ... phase = in_runtime; light fence; taken? -> look under the lock
//   monitor: lock; taken = true; heavy fence; still the same step in its handler? -> orphaned = true : taken = false
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "base/asymmetric_fence.h"
#include "runtime/pool.h"
#include "runtime/step_timer.h"

namespace chi::runtime {

class Worker;

class Driver {
 public:
  explicit Driver(Worker& worker) : worker_(worker) {}

  // The calling thread's; null for threads that drive no worker.
  static Driver* current() noexcept { return current_; }
  void make_current() noexcept { current_ = this; }
  static void clear_current() noexcept { current_ = nullptr; }

  Worker& worker() noexcept { return worker_; }

  // Around each piece of module code. After a `leave` that returns false the calling thread no longer has the worker:
  // it must touch nothing of it.
  void enter(Container* container, Task* task) noexcept {
    container_ = container;
    task_ = task;
    step_.store(step_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    phase_.store(kInHandler, std::memory_order_release);
  }
  bool leave() noexcept {
    phase_.store(kInRuntime, std::memory_order_release);
    light_fence();
    if (taken_.load(std::memory_order_acquire)) [[unlikely]]
      return !lost();
    container_ = nullptr;
    task_ = nullptr;
    return true;
  }

  bool in_handler() const noexcept { return phase_.load(std::memory_order_relaxed) == kInHandler; }

  // From inside a handler, around what touches the worker: false when the worker is no longer this thread's.
  bool enter_runtime() noexcept {
    phase_.store(kInRuntime, std::memory_order_release);
    light_fence();
    return !taken_.load(std::memory_order_acquire) || !lost();
  }
  void back_to_handler() noexcept { phase_.store(kInHandler, std::memory_order_release); }

  // The step that runs, for its own thread.
  Container* container() const noexcept { return container_; }
  Task* task() const noexcept { return task_; }
  StepTimer& timer() noexcept { return timer_; }
  // The method whose code it is; null: no method's. Of a step in which a task goes on, the worker says it.
  const chi_method* method() const noexcept { return task_ != nullptr ? task_->method : resumed_; }
  void resumes(const chi_method* method) noexcept { resumed_ = method; }

  // For the monitor. `step` is a number that changes with each step; 0 when no handler runs.
  std::uint64_t step_in_handler() const noexcept {
    return phase_.load(std::memory_order_acquire) == kInHandler ? step_.load(std::memory_order_relaxed) : 0;
  }
  // Takes the worker away if that very step still runs. Afterwards container() and task() of it may be read.
  bool take_worker(std::uint64_t step) noexcept {
    std::lock_guard lock(mutex_);
    taken_.store(true, std::memory_order_release);
    heavy_fence_here();
    bool same = step_in_handler() == step;
    orphaned_.store(same, std::memory_order_release);
    taken_.store(same, std::memory_order_release);
    return same;
  }

 private:
  static constexpr std::uint8_t kInRuntime = 0;
  static constexpr std::uint8_t kInHandler = 1;

  bool lost() noexcept {
    std::lock_guard lock(mutex_);
    return orphaned_.load(std::memory_order_relaxed);
  }

  static thread_local Driver* current_;

  Worker& worker_;
  std::atomic<std::uint64_t> step_{0};
  std::atomic<std::uint8_t> phase_{kInRuntime};
  std::atomic<bool> taken_{false};
  std::atomic<bool> orphaned_{false};
  Container* container_ = nullptr;
  Task* task_ = nullptr;
  const chi_method* resumed_ = nullptr;
  StepTimer timer_;
  std::mutex mutex_;
};

}  // namespace chi::runtime
