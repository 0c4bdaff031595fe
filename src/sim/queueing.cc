// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements queueing.h: one heap of events, beside the stream of tasks that come.
#include "sim/queueing.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "runtime/load_reader.h"

namespace chi::sim {

namespace {

constexpr std::uint64_t kLongRunningNs =
    1'000'000;                       // a lane whose tasks take so long on average is known as long running
constexpr std::uint64_t kKnown = 8;  // tasks, from which on that is more than chance

}  // namespace

Queueing::Queueing(std::uint32_t workers, std::uint32_t lanes, std::uint64_t pause_ns)
    : pause_ns_(pause_ns), lanes_(lanes), workers_(workers) {
  assert(workers > 0);
  for (std::uint32_t i = 0; i < workers; ++i) workers_[i].view.index = i;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    lanes_[i].view.pool = kPool;
    lanes_[i].view.container = i;
    lanes_[i].view.worker = i % std::max(workers, 1U);
  }
  taken_.work_ns.resize(workers);
}

void Queueing::advance(Load& load, std::uint64_t until_ns) {
  if (!has_next_) has_next_ = load.next(next_);
  for (;;) {
    const bool event = !events_.empty() && events_.top().at_ns < until_ns;
    const bool arrival = has_next_ && next_.at_ns < until_ns;
    if (arrival && (!event || next_.at_ns < events_.top().at_ns)) {
      now_ns_ = next_.at_ns;
      arrive(next_);
      has_next_ = load.next(next_);
    } else if (event) {
      const Event due = events_.top();
      events_.pop();
      now_ns_ = due.at_ns;
      happen(due);
    } else {
      break;
    }
  }
  now_ns_ = until_ns;
}

void Queueing::arrive(const Arrival& arrival) {
  Lane& lane = lanes_[arrival.lane];
  std::uint32_t task;
  if (free_tasks_.empty()) {
    task = static_cast<std::uint32_t>(tasks_.size());
    tasks_.emplace_back();
  } else {
    task = free_tasks_.back();
    free_tasks_.pop_back();
  }
  tasks_[task] = {arrival.at_ns, arrival.service_ns, kNone};
  (lane.first == kNone ? lane.first : tasks_[lane.last].next) = task;
  lane.last = task;
  ++lane.view.queued;
  ++queued_;
  taken_.work_ns[lane.view.worker] += arrival.service_ns;
  if (lane.view.queued == 1 && !lane.running && lane.pauses == 0) make_ready(arrival.lane);
}

void Queueing::happen(const Event& event) {
  if (event.worker != kNone) {
    end_task(event.worker);
    return;
  }
  Lane& lane = lanes_[event.lane];
  if (--lane.pauses == 0 && lane.view.queued != 0) make_ready(event.lane);
}

void Queueing::make_ready(std::uint32_t lane) {
  const std::uint32_t worker = lanes_[lane].view.worker;
  workers_[worker].line.emplace_back(lane, ++lanes_[lane].ready);
  if (workers_[worker].lane == kNone) begin_next(worker);
}

void Queueing::begin_next(std::uint32_t index) {
  Worker& worker = workers_[index];
  worker.lane = kNone;
  while (!worker.line.empty()) {
    const auto [number, stamp] = worker.line.front();
    worker.line.pop_front();
    Lane& lane = lanes_[number];
    if (lane.view.worker != index || lane.ready != stamp) continue;  // it has moved
    const Task& task = tasks_[lane.first];
    const std::uint64_t waited = now_ns_ - task.at_ns;
    taken_.waits.add(waited);
    lane.view.wait_ns += waited;
    --lane.view.queued;
    --queued_;
    lane.running = true;
    worker.lane = number;
    worker.begun_ns = now_ns_;
    events_.push({now_ns_ + task.service_ns, events_made_++, index, kNone});
    return;
  }
}

void Queueing::end_task(std::uint32_t index) {
  Worker& worker = workers_[index];
  const std::uint32_t number = worker.lane;
  Lane& lane = lanes_[number];
  const std::uint32_t task = lane.first;
  const std::uint64_t took = tasks_[task].service_ns;
  lane.first = tasks_[task].next;
  free_tasks_.push_back(task);
  lane.running = false;
  ++lane.view.tasks;
  ++lane.all_tasks;
  ++done_;
  ++worker.view.tasks;
  lane.view.handler_ns += took;
  lane.all_ns += took;
  lane.view.longest_ns = std::max(lane.view.longest_ns, took);
  worker.view.busy_ns += now_ns_ - std::max(worker.begun_ns, view_begin_ns_);
  if (lane.target != kNone) {
    carry(number);
  } else if (lane.view.queued != 0) {
    worker.line.emplace_back(number, ++lane.ready);
  }
  begin_next(index);
}

void Queueing::move(std::uint32_t number, std::uint32_t worker) {
  Lane& lane = lanes_[number];
  lane.target = worker == lane.view.worker ? kNone : worker;
  if (lane.target != kNone && !lane.running) carry(number);
}

void Queueing::carry(std::uint32_t number) {
  Lane& lane = lanes_[number];
  lane.view.worker = std::exchange(lane.target, kNone);
  ++lane.ready;  // its place in the old worker's line is void
  ++lane.pauses;
  events_.push({now_ns_ + pause_ns_, events_made_++, kNone, number});
}

// As the runtime's load model would have it: a task takes as long as those before.
std::uint64_t Queueing::expected_ns(const Lane& lane) const noexcept {
  return lane.all_tasks == 0 ? 0 : lane.view.queued * (lane.all_ns / lane.all_tasks);
}

worch::View Queueing::take_view() {
  worch::View out;
  out.now_ns = now_ns_;
  out.period_ns = now_ns_ - view_begin_ns_;
  out.reason = now_ns_ == 0 ? "pool created" : "period";
  out.workers.reserve(workers_.size());
  out.lanes.reserve(lanes_.size());
  for (Worker& worker : workers_) {
    if (worker.lane != kNone) {
      worker.view.in_handler_ns = now_ns_ - worker.begun_ns;
      worker.view.busy_ns += now_ns_ - std::max(worker.begun_ns, view_begin_ns_);
    }
    worker.view.queued = 0;
    out.workers.push_back(worker.view);
    worker.view = {.index = worker.view.index};
  }
  for (Lane& lane : lanes_) {
    worch::LaneView& view = lane.view;
    view.running = view.queued + (lane.running ? 1 : 0);
    view.expected_ns = expected_ns(lane);
    view.long_running = lane.all_tasks >= kKnown && lane.all_ns / lane.all_tasks >= kLongRunningNs;
    out.workers[view.worker].queued += view.queued;
    out.lanes.push_back(view);
    view = {.pool = view.pool, .container = view.container, .worker = view.worker, .queued = view.queued};
  }
  runtime::sum_lanes(out);
  view_begin_ns_ = now_ns_;
  return out;
}

Queueing::Taken Queueing::take() {
  return std::exchange(taken_, Taken{WaitHistogram(), std::vector<std::uint64_t>(workers_.size())});
}

}  // namespace chi::sim
