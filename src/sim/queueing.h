// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers and lanes as queues in virtual time. A worker runs one task after the other; of its lanes that have tasks
// each gets one in turn, and a lane's tasks keep their order. A lane that moves does so between two tasks, and is not
// served for a while: the pause. Belongs to one thread; does the same again for the same calls.
#pragma once

#include <chimaera/worch.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <vector>

#include "sim/load.h"
#include "sim/wait_histogram.h"

namespace chi::sim {

class Queueing {
 public:
  static constexpr PoolId kPool = 1;  // that all lanes are of, as its containers

  // Lane i begins on worker i mod `workers`, of which there is at least one.
  Queueing(std::uint32_t workers, std::uint32_t lanes, std::uint64_t pause_ns);

  // Takes the tasks of `load` that come before this time, and does what can be done until then.
  void advance(Load& load, std::uint64_t until_ns);

  // What was measured since it was asked last, as the runtime would show it; there are no CPUs in it.
  worch::View take_view();

  // At once where the lane is idle or waits, else when its task ends.
  void move(std::uint32_t lane, std::uint32_t worker);

  std::uint64_t now_ns() const noexcept { return now_ns_; }

  // Since they were taken last: how long tasks waited that were begun, and the work that came to each worker.
  struct Taken {
    WaitHistogram waits;
    std::vector<std::uint64_t> work_ns;
  };
  Taken take();

  std::uint64_t queued() const noexcept { return queued_; }  // tasks that wait now
  std::uint64_t done() const noexcept { return done_; }      // since the begin

 private:
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);
  struct Task {
    std::uint64_t at_ns = 0;
    std::uint64_t service_ns = 0;
    std::uint32_t next = kNone;  // of its lane
  };
  struct Lane {
    worch::LaneView view;  // place and sums
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::uint32_t ready = 0;  // stamp of its place in a worker's line
    std::uint32_t target = kNone;
    std::uint32_t pauses = 0;
    bool running = false;
    std::uint64_t all_tasks = 0;
    std::uint64_t all_ns = 0;
  };
  struct Worker {
    worch::WorkerView view;
    std::deque<std::pair<std::uint32_t, std::uint32_t>> line;  // lane, stamp; passed over where it is an old one
    std::uint32_t lane = kNone;                                // whose task runs
    std::uint64_t begun_ns = 0;
  };
  struct Event {
    std::uint64_t at_ns;
    std::uint64_t number;  // events of one time are in the order in which they were made
    std::uint32_t worker;  // whose task ends; or kNone
    std::uint32_t lane;    // whose pause ends
    bool operator>(const Event& other) const noexcept {
      return at_ns != other.at_ns ? at_ns > other.at_ns : number > other.number;
    }
  };

  void arrive(const Arrival& arrival);
  void happen(const Event& event);
  void end_task(std::uint32_t worker);
  void make_ready(std::uint32_t lane);
  void begin_next(std::uint32_t worker);
  void carry(std::uint32_t lane);
  std::uint64_t expected_ns(const Lane& lane) const noexcept;

  const std::uint64_t pause_ns_;
  std::vector<Lane> lanes_;
  std::vector<Worker> workers_;
  std::vector<Task> tasks_;
  std::vector<std::uint32_t> free_tasks_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t events_made_ = 0;
  Arrival next_;  // that `load` gave and is not due yet
  bool has_next_ = false;
  std::uint64_t now_ns_ = 0;
  std::uint64_t view_begin_ns_ = 0;
  std::uint64_t queued_ = 0;
  std::uint64_t done_ = 0;
  Taken taken_;
};

}  // namespace chi::sim
