// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Work orchestration: who runs what, where. A policy is a module that answers one of the two requests below: from one
// view of the node, which it can only read, to one assignment. Its pool has one container, so it may keep what it has
// learnt from view to view. It is called on a period, on events and by `chimaera worch run`.
//
// An assignment is taken as a whole or, when anything is wrong with it (a lane that is not in the view, or that is
// missing or there twice, a worker or CPU that is not in the view, an error, no answer in time), refused as a whole:
// then what was assigned before stays, and the refusal is logged and counted.
#pragma once

#include <chimaera/domain.h>
#include <chimaera/method.h>

#include <cstdint>
#include <string>
#include <vector>

namespace chi::worch {

// One worker that may be given lanes. Sums are of the period that the view covers.
struct WorkerView {
  std::uint32_t index = 0;
  bool dedicated = false;           // its thread may spin for ever; others sleep
  std::uint32_t queued = 0;         // tasks admitted and not begun, of all its lanes
  std::uint64_t tasks = 0;          // completed
  std::uint64_t busy_ns = 0;        // in handlers
  std::uint64_t in_handler_ns = 0;  // since the handler that runs now began; 0: none runs
  std::vector<std::uint32_t> cpus;  // where its thread may run now

  // Of the lanes that it has now, together; see LaneView.
  std::uint32_t running = 0;
  std::uint64_t wait_ns = 0;
  std::uint64_t bytes = 0;
  std::uint64_t longest_ns = 0;
  bool high_throughput = false;
};

// The lane of one container: its tasks, one at a time. Sums are of the period.
struct LaneView {
  PoolId pool = 0;
  std::uint32_t container = 0;
  std::uint32_t worker = 0;       // who has it now
  std::uint32_t queued = 0;       // admitted and not begun
  std::uint32_t running = 0;      // admitted and not completed, those that wait for something included
  std::uint64_t tasks = 0;        // completed
  std::uint64_t handler_ns = 0;   // in handlers
  std::uint64_t wait_ns = 0;      // from admission to begin, summed over the tasks
  std::uint64_t bytes = 0;        // of requests and replies
  std::uint64_t longest_ns = 0;   // the longest step of a handler
  std::uint64_t expected_ns = 0;  // what the queued tasks will take, by the load model
  bool long_running = false;      // some method that was called on it is declared long, or has been measured so
  bool high_throughput = false;   // most of its tasks were of this priority
  bool fixed = false;             // cannot be moved now: assign it to the worker that has it
  bool declared_long = false;     // some method that was called on it is declared long
};

// One CPU that the daemon may use.
struct CpuView {
  std::uint32_t cpu = 0;     // the kernel's number
  std::uint32_t core = 0;    // CPUs with the same core share it (SMT)
  std::uint32_t thread = 0;  // rank among the CPUs of its core
  std::uint32_t numa = 0;    // memory node
  std::uint32_t package = 0;
  std::uint32_t other_load = 0;  // thousandths of its time that other processes took, of the period
};

struct View {
  std::uint64_t now_ns = 0;     // of the runtime's clock: virtual in a simulation
  std::uint64_t period_ns = 0;  // that the sums cover
  std::uint32_t cpu_limit = 0;  // how many CPUs' time control groups leave, rounded up; 0: no limit
  std::string reason;           // why now: "period", "pool created", "workers changed", "imbalance", "asked", ...
  std::vector<WorkerView> workers;
  std::vector<LaneView> lanes;
  std::vector<CpuView> cpus;
};

struct LanePlace {
  PoolId pool = 0;
  std::uint32_t container = 0;
  std::uint32_t worker = 0;
  std::string why;  // for `chimaera worch show`; may be empty
};

// Every lane of the view, once.
struct LaneAssignment {
  std::string why;  // the idea as a whole, in one line
  std::vector<LanePlace> lanes;
};

struct WorkerPlace {
  std::uint32_t worker = 0;
  std::vector<std::uint32_t> cpus;  // at least one of the view
  std::string why;
};

// Every worker of the view, once.
struct CpuAssignment {
  std::string why;
  std::vector<WorkerPlace> workers;
};

// Modules worch_queue_*.
struct AssignLanes {
  static constexpr Method kMethod{1, "assign_lanes", Access::read};
  using Reply = LaneAssignment;
  View view;
};

// Modules worch_proc_*.
struct AssignCpus {
  static constexpr Method kMethod{2, "assign_cpus", Access::read};
  using Reply = CpuAssignment;
  View view;
};

}  // namespace chi::worch
