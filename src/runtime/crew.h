// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The workers of a node and the threads that drive them, and the monitor that sees to it that a worker is never held up
// by a handler that does not end (driver.h).
//
// Workers are numbered from 0; their number grows while the node serves, up to a limit, and never shrinks: those that
// are no longer wanted own no lanes, and sleep. The *active* ones are the first so many.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/latch.h"
#include "runtime/post.h"

namespace chi::runtime {

struct CrewOptions {
  std::uint32_t workers = 1;  // to begin with
  std::uint32_t limit = 1;    // that there can be: workers to shm::kMaxWorkers
  WorkerOptions worker;       // of each; its index is filled in
  std::chrono::nanoseconds isolate_after{5'000'000};
  std::chrono::nanoseconds stuck_after{100'000'000};
  std::chrono::nanoseconds rest_after{10'000'000'000};  // on_rest()
};

// Functions are usable from any thread, but start, stop and what changes the number of workers: those by one.
class Crew {
 public:
  static Result<std::unique_ptr<Crew>> create(const CrewOptions& options, Clock& clock, Logger& log,
                                              LaneMapPublisher& lanes, Control& control);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // `look` is called by the monitor, once a second while workers have anything to do. Before start().
  void on_watch(std::function<void()> look) { on_watch_ = std::move(look); }

  // `rest` is called by the monitor, once after each time of work, when no worker has been awake for rest_after or a
  // quarter of a second, whichever is longer. Before start().
  void on_rest(std::function<void()> rest) { on_rest_ = std::move(rest); }

  Status start();

  // Ends all turns and joins the threads. A handler that does not even now come back within `patience` keeps its
  // thread, and with it its worker: returns false then, and both are left alone for ever.
  bool stop(std::chrono::nanoseconds patience);

  // Those there are; each stays until stop().
  std::uint32_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  Worker& worker(std::size_t index) noexcept { return posts_[index]->worker(); }
  std::uint32_t limit() const noexcept { return options_.limit; }
  const CrewOptions& options() const noexcept { return options_; }
  std::uint64_t in_handler_ns(std::size_t index) const { return posts_[index]->in_handler_ns(); }

  // One more, not active yet. `prepare(worker)` sends it what it is to know before anybody else finds it here.
  // resource_exhausted, and nothing changed: the limit is reached, or a thread, memory or a descriptor is not to be
  // had.
  template <class F>
  Status add_worker(const F& prepare);

  // Those that new lanes, and what may go to any worker, are for: 1 to size().
  std::uint32_t active() const noexcept { return lanes_.map().workers.load(std::memory_order_acquire); }
  void set_active(std::uint32_t count) noexcept { lanes_.map().workers.store(count, std::memory_order_release); }

  // Where the worker's thread may run from now on: those of `cpus` that the process may use; all of these where none of
  // `cpus` is left, or none is given. Gives what holds, as the kernel has it. No other thread is ever bound.
  CpuList bind(std::uint32_t worker, const CpuList& cpus);
  CpuList cpus(std::uint32_t worker) const { return posts_[worker]->cpus(); }

  // What the process may use has become something else: who was bound is bound anew, all others to all of these.
  void allow(const CpuList& cpus);

  // Of the workers, in the kernel's numbers; those too that run on with a handler that does not end.
  std::vector<pid_t> threads() const;

  // Runs `function(worker)` on each worker and waits; false when one did not come to it in time.
  template <class F>
  bool on_each(std::chrono::nanoseconds patience, const F& function);

 private:
  Crew(const CrewOptions& options, Clock& clock, Logger& log, LaneMapPublisher& lanes, Control& control);
  Result<std::unique_ptr<Post>> make_post();
  void publish(std::unique_ptr<Post> post) noexcept;
  void place(std::uint32_t worker);
  void watch();
  std::chrono::nanoseconds look();
  void call_on_watch(std::uint64_t now_ns, bool awake);
  void call_on_rest(std::uint64_t now_ns, bool awake);
  std::uint64_t count_sleeps();

  const CrewOptions options_;
  Clock& clock_;
  Logger& log_;
  LaneMapPublisher& lanes_;
  Control& control_;
  SystemRandom seeds_;
  std::array<std::unique_ptr<Post>, shm::kMaxWorkers> posts_;
  std::atomic<std::uint32_t> size_{0};  // posts below it are there, and stay
  std::mutex affinity_mutex_;
  CpuList allowed_;  // as of the start, until allow()
  bool allowed_changed_ = false;
  std::array<CpuList, shm::kMaxWorkers> wanted_;  // empty: not bound
  std::array<bool, shm::kMaxWorkers> told_{};     // that nothing of it is left
  std::function<void()> on_watch_;
  std::uint64_t next_watch_ns_ = 0;
  std::uint64_t watched_sleeps_ = 0;  // of all workers: who has slept anew was awake meanwhile
  std::function<void()> on_rest_;
  bool has_rested_ = false;  // on_rest_ was called, and nobody has been awake since then
  std::uint64_t rests_since_ns_ = 0;
  std::uint64_t rested_sleeps_ = 0;
  std::thread monitor_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::atomic<bool> rests_{false};  // the monitor, until a worker has woken
};

template <class F>
Status Crew::add_worker(const F& prepare) {
  auto post = make_post();
  if (!post) return std::move(post).error();
  if (auto manned = (*post)->man(); !manned) return manned;
  prepare((*post)->worker());
  publish(std::move(*post));
  std::lock_guard lock(affinity_mutex_);
  if (allowed_changed_) place(size() - 1);
  return {};
}

template <class F>
bool Crew::on_each(std::chrono::nanoseconds patience, const F& function) {
  const std::uint32_t count = size();
  auto latch = std::make_shared<Latch>(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    worker(i).run([latch, function](Worker& worker) {
      function(worker);
      latch->arrive();
    });
  }
  return latch->wait_for(patience);
}

}  // namespace chi::runtime
