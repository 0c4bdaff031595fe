// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Measures are smoothed: a period is short, and what comes in it is chance to a good part. How large that part is, is
// known too (as of tasks that come at random), so that nothing needs to be moved for it.
#include "loads.h"

#include <algorithm>
#include <cmath>

namespace worch_queue_least_loaded {

using namespace chi::worch;

namespace {

constexpr double kMemoryNs = 400e6;      // what is older counts for little
constexpr double kHorizonNs = 1e9;       // in which what waits now should be done
constexpr double kLongStepNs = 1e6;      // from here on others notice that they wait,
constexpr double kLongTimes = 20;        // where they themselves take less than a part of that
constexpr std::uint32_t kSeenLong = 6;   // it takes three views; one long step may be the machine's fault
constexpr std::uint32_t kMostLong = 20;  // and so many views without one until it is forgotten
constexpr std::uint32_t kQuiet = 2;      // views in which no other lane turned out to be long: then all are told
constexpr std::uint32_t kMostWait = 10;  // and after so many in any case

double queued_work(const LaneView& lane, double mean_task_ns) {
  if (lane.expected_ns != 0) return static_cast<double>(lane.expected_ns);
  return lane.queued * mean_task_ns;
}

std::size_t position(const std::vector<WorkerLoad>& workers, std::uint32_t index) {
  const auto found =
      std::lower_bound(workers.begin(), workers.end(), index,
                       [](const WorkerLoad& worker, std::uint32_t wanted) { return worker.index < wanted; });
  const bool there = found != workers.end() && found->index == index;
  return there ? static_cast<std::size_t>(found - workers.begin()) : kGone;
}

void add(WorkerLoad& worker, const LaneLoad& lane) {
  worker.load += lane.load;
  worker.variance += lane.variance;
  if (lane.fixed) worker.fixed += lane.load;
  if (lane.long_tasks) worker.long_load += lane.load;
}

}  // namespace

LaneLoad LoadHistory::learn(Past& past, const LaneView& lane, std::uint64_t period_ns, double long_step_ns) {
  const auto period = static_cast<double>(period_ns);
  const auto handler = static_cast<double>(lane.handler_ns);
  const auto longest = static_cast<double>(lane.longest_ns);
  double task_ns = past.tasks > 0 ? past.rate * 1e9 / past.tasks : 0;
  if (task_ns == 0 && lane.tasks != 0) task_ns = handler / static_cast<double>(lane.tasks);
  const double queued = queued_work(lane, task_ns);
  double memory = 1;
  if (period > 0) {
    ++past.views;
    memory = std::max(1 - std::exp(-period / kMemoryNs), 1.0 / past.views);
    // What came is what was done and what waits more than before: a worker that has too much to do shows it here.
    const double came = std::max(0.0, handler + queued - past.queued_ns);
    past.rate += memory * (came / period - past.rate);
    past.tasks += memory * (static_cast<double>(lane.tasks) * 1e9 / period - past.tasks);
    past.longest_ns = std::max(longest, past.longest_ns * (1 - memory));
    if (longest >= long_step_ns) {
      past.long_seen = std::min(past.long_seen + 2, kMostLong);
    } else if (lane.tasks != 0 && past.long_seen > 0) {
      --past.long_seen;
    }
  }
  past.queued_ns = queued;
  past.long_measured = past.long_seen >= kSeenLong || (past.long_measured && past.long_seen > 0);
  past.used = past.used || lane.tasks != 0 || lane.handler_ns != 0 || lane.queued != 0 || lane.running != 0;
  if (past.rate < 1e-9) past.rate = 0;
  // Mean square of a task's time: at most the mean times the longest, and that where few long ones are among short
  // ones.
  const double square = task_ns * std::max(2 * task_ns, past.longest_ns);
  // Of a mean over the first views, and of one that forgets, later.
  const double chance = std::max(memory / (2 - memory), 1.0 / std::max(past.views, 1U));
  LaneLoad out;
  out.view = &lane;
  out.load = past.rate + queued / std::max(kHorizonNs, period);
  if (task_ns > 0 && period > 0) {
    out.variance =
        chance * past.rate * square / task_ns / period + 3 * queued / task_ns * square / kHorizonNs / kHorizonNs;
  }
  out.unknown = !past.used;
  out.fresh = past.first_view == past.view;
  return out;
}

// From when on a step is long: by the quarter of the lanes whose tasks are the shortest, as they were seen until now.
double LoadHistory::long_step() const {
  std::vector<double> tasks_ns;
  tasks_ns.reserve(lanes_.size());
  for (const auto& [key, past] : lanes_) {
    if (past.tasks > 0) tasks_ns.push_back(past.rate * 1e9 / past.tasks);
  }
  if (tasks_ns.empty()) return kLongStepNs;
  const auto quarter = tasks_ns.begin() + static_cast<std::ptrdiff_t>(tasks_ns.size() / 4);
  std::nth_element(tasks_ns.begin(), quarter, tasks_ns.end());
  return std::max(kLongStepNs, kLongTimes * *quarter);
}

// Where all lanes have some long tasks, chance says which are found first: were those told at once, they would be kept
// apart from the others, and all of that undone view by view. And where most lanes have some, nobody is to be spared
// them.
void LoadHistory::tell_kinds(Loads& out) {
  const auto used = std::count_if(lanes_.begin(), lanes_.end(), [](auto& each) { return each.second.tasks > 0; });
  const auto with_long = std::count_if(lanes_.begin(), lanes_.end(),
                                       [](auto& each) { return each.second.tasks > 0 && each.second.long_measured; });
  const bool common = 2 * with_long > used;
  bool waiting = false;
  bool found = false;
  for (const LaneLoad& lane : out.lanes) {
    Past& past = lanes_.at({lane.view->pool, lane.view->container});
    if (!past.long_measured || past.long_told) continue;
    waiting = true;
    found = found || past.long_found == 0;
    if (past.long_found == 0) past.long_found = view_;
  }
  waiting_views_ = waiting ? waiting_views_ + 1 : 0;
  quiet_views_ = waiting && !found ? quiet_views_ + 1 : 0;
  const bool tell = quiet_views_ >= kQuiet || waiting_views_ >= kMostWait;
  for (LaneLoad& lane : out.lanes) {
    Past& past = lanes_.at({lane.view->pool, lane.view->container});
    past.long_told = past.long_measured && !common && (past.long_told || tell);
    if (!past.long_measured) past.long_found = 0;
    lane.long_tasks = lane.view->declared_long || past.long_told;
  }
}

Loads LoadHistory::learn(const View& view) {
  Loads out;
  out.workers.reserve(view.workers.size());
  for (const WorkerView& worker : view.workers) {
    out.workers.push_back({.index = worker.index, .dedicated = worker.dedicated});
    out.workers.back().fresh = view_ != 0 && !workers_.contains(worker.index);
  }
  std::sort(out.workers.begin(), out.workers.end(), [](auto& a, auto& b) { return a.index < b.index; });
  workers_.clear();
  for (const WorkerLoad& worker : out.workers) workers_.insert(worker.index);
  ++view_;
  out.lanes.reserve(view.lanes.size());
  const double long_step_ns = long_step();
  double total = 0;
  for (const LaneView& lane : view.lanes) {
    Past& past = lanes_[{lane.pool, lane.container}];
    past.view = view_;
    if (past.first_view == 0) past.first_view = view_;
    out.lanes.push_back(learn(past, lane, view.period_ns, long_step_ns));
    LaneLoad& load = out.lanes.back();
    load.worker = position(out.workers, lane.worker);
    load.fixed = lane.fixed && load.worker != kGone;
    total += load.load;
  }
  tell_kinds(out);
  for (const LaneLoad& lane : out.lanes) {
    if (lane.worker != kGone) add(out.workers[lane.worker], lane);
  }
  std::erase_if(lanes_, [this](const auto& entry) { return entry.second.view != view_; });
  if (!out.workers.empty()) out.mean = total / static_cast<double>(out.workers.size());
  return out;
}

}  // namespace worch_queue_least_loaded
