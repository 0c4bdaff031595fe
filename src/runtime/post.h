// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One place of the crew: a worker, the thread that drives it, and the threads that it was taken from (driver.h).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/thread_place.h"
#include "runtime/worker.h"

namespace chi::runtime {

// man() by whoever makes it; then look() is the monitor's, and join() of whoever ended that. The rest is for any
// thread.
class Post {
 public:
  static Result<std::unique_ptr<Post>> create(const WorkerOptions& options, std::unique_ptr<Random> random,
                                              Clock& clock, Logger& log, LaneMapPublisher& lanes, Control& control);
  ~Post();

  Worker& worker() noexcept { return *worker_; }

  // Where the worker's thread may run, and each that comes after it; `everywhere` is for those that the worker was
  // taken from. False: the kernel refuses, and they stay where they are.
  bool bind(const CpuList& cpus, const CpuList& everywhere);

  // Where the thread may run now, as the kernel has it.
  CpuList cpus() const;

  // Adds the threads' numbers in the kernel.
  void list_threads(std::vector<pid_t>& to) const;

  // How long the handler that the worker is in has run: to a microsecond where its steps are measured one by one, as
  // they are when they are long; else since the monitor saw it first, which looks every some ten milliseconds. 0: it is
  // in none.
  std::uint64_t in_handler_ns() const;

  // Gives the worker a thread. resource_exhausted: there is none to be had.
  Status man();

  // Takes the worker from a thread whose handler has run for `isolate_after`, and gives it another; names in the log
  // one that goes on until `stuck_after`. True while the
  // worker wants to be looked at soon: a handler runs, or it has no thread.
  bool look(std::uint64_t now_ns, std::chrono::nanoseconds isolate_after, std::chrono::nanoseconds stuck_after);

  // After Worker::request_stop(): joins the threads. False: one did not end in time, and is left alone; then so must
  // the post be, for ever.
  bool join(std::uint64_t until_ns);

 private:
  struct DriverThread {
    explicit DriverThread(Worker& worker) : driver(worker) {}
    Driver driver;
    ThreadPlace place;
    std::atomic<bool> begun{false};
    std::atomic<bool> ended{false};
    std::thread thread;
    // Once the worker was taken from it:
    std::string container;
    std::string method;
    std::uint64_t since_ns = 0;
    bool named = false;  // in the log
  };

  Post(std::unique_ptr<Random> random, std::unique_ptr<Reactor> reactor, Clock& clock, Logger& log);
  Status man_locked();
  void join_ended();
  void name_stuck(std::uint64_t now_ns, std::chrono::nanoseconds stuck_after);
  void take_from_driver();
  bool join_one(DriverThread& driver, std::uint64_t until_ns);

  std::unique_ptr<Random> random_;
  std::unique_ptr<Reactor> reactor_;
  Clock& clock_;
  Logger& log_;
  std::unique_ptr<Worker> worker_;
  mutable std::mutex mutex_;  // of the next four
  std::unique_ptr<DriverThread> driver_;
  std::vector<std::unique_ptr<DriverThread>> orphans_;
  CpuList cpus_;  // empty: never bound
  CpuList everywhere_;
  std::uint64_t seen_step_ = 0;  // by the monitor
  std::uint64_t seen_since_ns_ = 0;
};

}  // namespace chi::runtime
