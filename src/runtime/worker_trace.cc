// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Steps, replies and moves as records.
#include "runtime/worker_trace.h"

#include <algorithm>

#include "chimaera/admin.h"

namespace chi::runtime {

TracedPool TracedPool::of(const Pool& pool) {
  TracedPool out{pool.name, {}};
  if (!pool.module) return out;
  for (const chi_method* method : pool.module->methods()) out.methods[method->id] = method->name;
  return out;
}

void WorkerTrace::remember(const Pool& pool) {
  constexpr std::size_t kMostPools = 1024;
  gone_[pool.id] = TracedPool::of(pool);
  if (gone_.size() > kMostPools) gone_.erase(gone_.begin());
}

void WorkerTrace::identify(TraceRecord& record, const Task& task) noexcept {
  record.pool = task.container->pool.id;
  record.container = task.container->index;
  record.session = task.session;
  record.sequence = task.sequence;
  record.method = task.method->id;
}

// Its place is where an open step is being written: that moves on.
void WorkerTrace::put(const TraceRecord& record) noexcept {
  TraceRecord* const place = step_;
  advance();
  if (open_) {
    *step_ = *place;
    if (replying_ == place) replying_ = step_;
  }
  *place = record;
}

void WorkerTrace::step_begins(Container& container, Task* task) noexcept {
  open_ = task ? task->traced : takes();
  if (!open_) return;
  task_ = task;
  step_->reply = step_->replied = Ticks();
  if (task) {
    identify(*step_, *task);
    step_->since = wait_of(*task);
    step_->flags = admin::kTraceRan;
    if (task->state != Task::State::suspended) step_->flags |= admin::kTraceQueued;
    task->waits_since = Ticks();
  } else {
    step_->pool = container.pool.id;
    step_->container = container.index;
    step_->session = step_->sequence = step_->method = 0;
    step_->since = Ticks();
    step_->flags = admin::kTraceRan | admin::kTraceNoTask;
  }
  step_->began = Ticks::now();
  if (task && !task->parked) step_->since = step_->began;  // it had no need to wait
}

void WorkerTrace::step_over() noexcept {
  if (!open_) return;
  if (task_) task_->waits_since = step_->ended;
  open_ = false;
  task_ = nullptr;
  advance();
}

// What a reply sets off may be another one, of a call that waited for it; that is part of the first.
bool WorkerTrace::reply_begins(Task& task, bool last) noexcept {
  if (!task.traced) return false;
  if (last) forget_orphan(task);
  if (replying_) return false;
  if (open_ && task_ == &task) {
    replying_ = step_;
    if (last) task_ = nullptr;
  } else {
    replying_ = &outside_;
    outside_ = {};
    identify(outside_, task);
    if (task.state == Task::State::queued) outside_.flags = admin::kTraceQueued;
    if (last) outside_.since = wait_of(task);
    outside_.began = outside_.ended = Ticks::now();
  }
  if (last) task.waits_since = Ticks();
  replying_->reply = Ticks::now();
  return true;
}

void WorkerTrace::reply_ends() noexcept {
  replying_->replied = Ticks::now();
  if (replying_ == &outside_) put(outside_);
  replying_ = nullptr;
}

void WorkerTrace::left_to_orphan(Container& container) {
  if (!open_) return;
  step_->flags |= admin::kTraceOrphan;
  orphans_.push_back({&container, task_, *step_});
  open_ = false;
  task_ = nullptr;
}

void WorkerTrace::forget_orphan(const Task& task) noexcept {
  for (Orphan& orphan : orphans_) {
    if (orphan.task == &task) orphan.task = nullptr;
  }
}

// Its task, unless it ended with the step, waits from now on.
void WorkerTrace::orphan_ended(const Container& container) noexcept {
  const auto found =
      std::find_if(orphans_.begin(), orphans_.end(), [&](const Orphan& each) { return each.container == &container; });
  if (found == orphans_.end()) return;
  found->step.ended = Ticks::now();
  if (found->task) found->task->waits_since = found->step.ended;
  put(found->step);
  orphans_.erase(found);
}

void WorkerTrace::lane_moves(const Container& container, std::uint32_t to_worker) noexcept {
  TraceRecord move;
  move.pool = container.pool.id;
  move.container = container.index;
  move.to_worker = to_worker;
  move.flags = admin::kTraceMove | admin::kTraceNoTask;
  move.began = move.ended = Ticks::now();
  put(move);
}

void WorkerTrace::still_waits(const Task& task) noexcept {
  TraceRecord waiting;
  waiting.since = wait_of(task);
  if (!task.traced || waiting.since == Ticks()) return;
  identify(waiting, task);
  if (task.state == Task::State::queued) waiting.flags = admin::kTraceQueued;
  waiting.began = waiting.ended = Ticks::now();
  put(waiting);
}

void WorkerTrace::close() noexcept {
  for (Orphan& orphan : orphans_) {
    orphan.step.ended = Ticks::now();
    put(orphan.step);
  }
  orphans_.clear();
  closed_.store(true, std::memory_order_release);
}

}  // namespace chi::runtime
