// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One worker's share of a trace: a ring of records of which the newest stay.
//
// The worker calls it around each step and reply. While nothing is traced a worker has none, and all that is left of
// tracing on the way of a call is the look whether there is one.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/pool.h"
#include "runtime/trace_budget.h"
#include "runtime/trace_record.h"

namespace chi::runtime {

struct TracedPool {
  std::string name;
  std::map<std::uint32_t, std::string> methods;  // by id

  static TracedPool of(const Pool& pool);
};

// Used by the thread that has the worker, from begin() to close(); before and afterwards by one other.
class WorkerTrace {
 public:
  WorkerTrace(std::uint32_t worker, std::size_t records, bool all)
      : worker_(worker), ring_(records + 1), step_(ring_.data()), budget_(all) {}

  void begin() noexcept { started_ = planned_ = Ticks::now(); }

  // Whether what begins now, a task with all its steps or work on behalf of none, is traced.
  bool takes() noexcept {
    return budget_.take([this] {
      const Ticks now = Ticks::now();
      return now.ns_since(std::exchange(planned_, now));
    });
  }

  // Around a step. Between them stand the reply, if there is one then, and the loss of the worker, after which nothing
  // of the step comes any more but orphan_ended(), and the end of its task, which may come first.
  void step_begins(Container& container, Task* task) noexcept;
  void step_ends() noexcept {
    if (open_) step_->ended = Ticks::now();
  }
  // After step_ends() and what followed from it: a task that goes on waits from now on.
  void step_over() noexcept;

  // The step's end is the task's, too: its reply is written between this and reply_ends().
  void reply_follows() noexcept {
    step_->reply = step_->ended;
    replying_ = step_;
    task_ = nullptr;
  }
  // Any other reply is written between these; false: it is not traced, and the second does not follow. `last`: the task
  // ends with it.
  bool reply_begins(Task& task, bool last) noexcept;
  void reply_ends() noexcept;

  // The task of the open step has ended, its reply having gone before.
  void forget_task() noexcept { task_ = nullptr; }

  void left_to_orphan(Container& container);
  void orphan_ended(const Container& container) noexcept;

  void lane_moves(const Container& container, std::uint32_t to_worker) noexcept;
  // The pool goes away, and with it what records refer to. Of very many the names of the latest are kept.
  void remember(const Pool& pool);

  // One that waits while the trace ends.
  void still_waits(const Task& task) noexcept;
  // The last call on the worker's thread; what runs with an orphan ran until now.
  void close() noexcept;

  // --- once closed() ---

  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  std::uint32_t worker() const noexcept { return worker_; }
  std::size_t size() const noexcept { return std::min<std::uint64_t>(written_, ring_.size() - 1); }
  std::uint64_t lost() const noexcept { return written_ - size(); }
  std::uint64_t passed_over() const noexcept { return budget_.passed_over(); }
  const TraceRecord& at(std::size_t index) const noexcept { return ring_[(lost() + index) % ring_.size()]; }
  const std::map<PoolId, TracedPool>& gone() const noexcept { return gone_; }

 private:
  struct Orphan {
    const Container* container;
    Task* task;  // null: none, or it has ended
    TraceRecord step;
  };

  static void identify(TraceRecord& record, const Task& task) noexcept;
  void forget_orphan(const Task& task) noexcept;
  Ticks wait_of(const Task& task) const noexcept { return task.waits_since < started_ ? Ticks() : task.waits_since; }
  void put(const TraceRecord& record) noexcept;
  void advance() noexcept {
    ++written_;
    if (++step_ == ring_.data() + ring_.size()) step_ = ring_.data();
  }

  const std::uint32_t worker_;
  std::vector<TraceRecord> ring_;  // one more than is kept: where the open step is written
  TraceRecord* step_;              // that place
  std::uint64_t written_ = 0;
  TraceBudget budget_;
  Ticks started_;
  Ticks planned_;  // when the budget was last asked for more than its plan
  bool open_ = false;
  Task* task_ = nullptr;  // of the open step, until it has ended
  TraceRecord outside_;   // a reply outside of its task's steps
  TraceRecord* replying_ = nullptr;
  std::vector<Orphan> orphans_;
  std::map<PoolId, TracedPool> gone_;
  std::atomic<bool> closed_{false};
};

}  // namespace chi::runtime
