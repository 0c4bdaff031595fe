// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The workers of a node and the threads that drive them, and the monitor that sees to it that a worker is never held up
// by a handler that does not end (driver.h).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/latch.h"
#include "runtime/worker.h"

namespace chi::runtime {

struct CrewOptions {
  std::uint32_t workers = 1;
  WorkerOptions worker;  // of each; its index is filled in
  std::chrono::nanoseconds stuck_after{100'000'000};
};

// Functions are usable from any thread, but start and stop by one.
class Crew {
 public:
  static Result<std::unique_ptr<Crew>> create(const CrewOptions& options, Clock& clock, Logger& log,
                                              LaneMapPublisher& lanes, Control& control);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  Status start();

  // Ends all turns and joins the threads. A handler that does not even now come back within `patience` keeps its
  // thread, and with it its worker: returns false then, and both are left alone for ever.
  bool stop(std::chrono::nanoseconds patience);

  std::size_t size() const noexcept { return posts_.size(); }
  Worker& worker(std::size_t index) noexcept { return *posts_[index]->worker; }

  // Runs `function(worker)` on each worker and waits; false when one did not come to it in time.
  template <class F>
  bool on_each(std::chrono::nanoseconds patience, const F& function);

 private:
  struct DriverThread {
    explicit DriverThread(Worker& worker) : driver(worker) {}
    Driver driver;
    std::atomic<bool> ended{false};
    std::thread thread;
  };
  // A worker, who drives it, and what the monitor saw of that.
  struct Post {
    std::unique_ptr<Random> random;
    std::unique_ptr<Reactor> reactor;
    std::unique_ptr<Worker> worker;
    std::unique_ptr<DriverThread> driver;
    std::vector<std::unique_ptr<DriverThread>> orphans;
    std::uint64_t seen_step = 0;
    std::uint64_t seen_since_ns = 0;
  };

  Crew(const CrewOptions& options, Clock& clock, Logger& log) : options_(options), clock_(clock), log_(log) {}
  bool man(Post& post);
  void watch();
  std::chrono::nanoseconds look();
  void look_at(Post& post, std::uint64_t now);
  bool join(std::unique_ptr<DriverThread>& driver, std::uint64_t until_ns);

  const CrewOptions options_;
  Clock& clock_;
  Logger& log_;
  std::vector<std::unique_ptr<Post>> posts_;
  std::thread monitor_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
};

template <class F>
bool Crew::on_each(std::chrono::nanoseconds patience, const F& function) {
  auto latch = std::make_shared<Latch>(posts_.size());
  for (auto& post : posts_) {
    post->worker->run([latch, function](Worker& worker) {
      function(worker);
      latch->arrive();
    });
  }
  return latch->wait_for(patience);
}

}  // namespace chi::runtime
