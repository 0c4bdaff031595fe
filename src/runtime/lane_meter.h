// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Measures what a worker's lanes do: the loads of its containers, and what each method costs.
//
// A null call takes some fifty nanoseconds, and even a look at the time is too much for each: every task is counted,
// and a sample of them measured (sampler.h), each with all its steps. No timer of its own, and nothing when nothing
// runs.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/driver.h"
#include "runtime/method_load.h"

namespace chi::runtime {

// Used by the thread that has the worker, but for busy_ns() and for_each().
class LaneMeter {
 public:
  // Whether and for whom a step is measured.
  struct Measure {
    std::uint32_t weight = 0;
    Task* task = nullptr;
  };

  LaneMeter() = default;
  LaneMeter(const LaneMeter&) = delete;
  LaneMeter& operator=(const LaneMeter&) = delete;

  // --- the life of a task ---

  void admitted(Task& task) {
    const Cached& cached = cache_[place_of(task.method)];
    if (cached.method != task.method || !cached.load->sampler().skip()) [[unlikely]]
      return choose(task);
    task.meter.weight = 0;
  }
  void queued(Task& task);
  static void unqueued(const Task& task) noexcept;
  void begins(Task& task, const chi_message& request) {
    task.meter.bytes = bytes_of(request);
    if (task.meter.weight != 0) [[unlikely]]
      sample_begins(task);
  }
  // The first answer of a task, if that comes before over().
  static void answered(Task& task, const Answer& answer) noexcept {
    if (task.answered) return;
    task.meter.bytes += bytes_of(answer.message);
    task.meter.failed = answer.code != Code::ok;
  }
  void over(Task& task, const Answer& answer) {
    answered(task, answer);
    const TaskMeter& meter = task.meter;
    if ((meter.weight | meter.bytes) != 0 || meter.failed) count(task);
    if (task.priority != Priority::low_latency) add_to(task.container->load.high_throughput, std::uint64_t{1});
  }
  static void barrier(Task& task) noexcept { task.meter = {}; }

  // --- steps ---

  static Measure thunk(Task& task) noexcept { return {task.meter.weight, &task}; }
  static Measure always() noexcept { return {1, nullptr}; }
  Measure ready(const chi_work& work) noexcept;
  // Inside the step of a completion, which knows only then on whose behalf it is.
  void completes(const chi_completion& done) noexcept;
  void step_over(StepTimer& timer, Container* container) noexcept;
  // By the thread that has lost the worker, before it mails the end of its step.
  static void step_lost(StepTimer& timer, Container* container, Task* task) noexcept;
  // Once that mail is there; `since_ns` is how long ago the worker was lost.
  void orphan_ended(Container& container, Task* task, std::uint64_t since_ns) noexcept;

  // Of the worker's time, now and then: what it spent unseen earns credit for a closer look.
  void clock(std::uint64_t now_ns) noexcept {
    const std::uint64_t passed = now_ns - clock_ns_;
    clock_ns_ = now_ns;
    if (passed > kLongGapNs) [[unlikely]]
      look_closer(passed);
  }

  // Methods may go away with their module: no pointer to one is kept.
  void forget_methods() noexcept;

  // --- for any thread ---

  std::uint64_t busy_ns() const noexcept { return busy_ns_.load(std::memory_order_relaxed); }
  template <class F>
  void for_each(F visit) const {
    std::lock_guard lock(mutex_);
    for (auto& load : loads_) visit(*load);
  }

 private:
  static constexpr std::uint64_t kLongGapNs = 200'000;
  static constexpr unsigned kCacheBits = 6;

  static std::uint64_t bytes_of(const chi_message& message) noexcept {
    std::uint64_t bytes = message.size;
    for (std::uint32_t i = 0; i < message.buffer_count; ++i) bytes += message.buffers[i].size;
    return bytes;
  }

  static std::size_t place_of(const chi_method* method) noexcept {
    const auto spread = reinterpret_cast<std::uintptr_t>(method) * std::uint64_t{0x9e3779b97f4a7c15};
    return spread >> (64 - kCacheBits);
  }
  MethodLoad& find(const Task& task) {
    Cached& cached = cache_[place_of(task.method)];
    if (cached.method == task.method) [[likely]]
      return *cached.load;
    cached = {task.method, &look_up(task)};
    return *cached.load;
  }
  MethodLoad& look_up(const Task& task);
  void choose(Task& task);
  static void begin_sample(TaskMeter& meter) noexcept;
  void sample_begins(Task& task);
  void count(Task& task);
  void end_sample(Task& task, MethodLoad& load) noexcept;
  void look_closer(std::uint64_t passed_ns) noexcept;

  struct Cached {
    const chi_method* method = nullptr;
    MethodLoad* load = nullptr;
  };
  std::array<Cached, std::size_t{1} << kCacheBits> cache_;
  std::unordered_map<const chi_method*, MethodLoad*> by_method_;
  Sampler works_;  // steps on behalf of no task
  std::uint64_t clock_ns_ = 0;
  std::atomic<std::uint64_t> busy_ns_{0};

  mutable std::mutex mutex_;  // held to add to loads_, and by other threads to read it
  std::vector<std::unique_ptr<MethodLoad>> loads_;
};

}  // namespace chi::runtime
