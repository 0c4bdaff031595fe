// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Counters into differences.
#include "runtime/load_reader.h"

#include <algorithm>

namespace chi::runtime {

void sum_lanes(worch::View& view) {
  std::map<std::uint32_t, std::uint64_t> bulk;  // tasks of lanes with mostly such, by worker
  for (const worch::LaneView& lane : view.lanes) {
    const auto found =
        std::lower_bound(view.workers.begin(), view.workers.end(), lane.worker,
                         [](const worch::WorkerView& worker, std::uint32_t index) { return worker.index < index; });
    if (found == view.workers.end() || found->index != lane.worker) continue;
    found->running += lane.running;
    found->wait_ns += lane.wait_ns;
    found->bytes += lane.bytes;
    found->longest_ns = std::max(found->longest_ns, lane.longest_ns);
    if (lane.high_throughput) bulk[lane.worker] += lane.tasks;
  }
  for (worch::WorkerView& worker : view.workers) worker.high_throughput = bulk[worker.index] * 2 > worker.tasks;
}

worch::View LoadReader::read() {
  worch::View view;
  view.now_ns = clock_.now_ns();
  view.period_ns = last_ns_ == 0 ? 0 : view.now_ns - last_ns_;
  last_ns_ = view.now_ns;
  for (std::size_t i = 0; i < crew_.size(); ++i) view.workers.push_back(read_worker(i));
  std::map<LaneId, Sums> lanes;
  for (const auto& [name, pool] : keeper_.pools()) {
    for (const auto& container : pool->containers) {
      const LaneId id{pool->id, container->index};
      const auto before = lanes_.find(id);
      view.lanes.push_back(read_lane(*container, before == lanes_.end() ? Sums{} : before->second, lanes[id]));
    }
  }
  lanes_ = std::move(lanes);
  sum_lanes(view);
  return view;
}

worch::WorkerView LoadReader::read_worker(std::size_t index) {
  const Worker& worker = crew_.worker(index);
  Sums& before = workers_[worker.index()];
  Sums now;
  now.tasks = value_of(worker.counts().tasks);
  now.handler_ns = worker.meter().busy_ns();
  worch::WorkerView out;
  out.index = worker.index();
  out.queued = worker.queued();
  out.tasks = now.tasks - before.tasks;
  out.busy_ns = now.handler_ns - before.handler_ns;
  out.in_handler_ns = crew_.in_handler_ns(index);
  before = now;
  return out;
}

worch::LaneView LoadReader::read_lane(Container& container, const Sums& before, Sums& now) {
  LaneLoad& load = container.load;
  now.tasks = value_of(container.completed);
  now.handler_ns = value_of(load.handler_ns);
  now.wait_ns = value_of(load.wait_ns);
  now.bytes = value_of(load.bytes);
  now.high_throughput = value_of(load.high_throughput);
  now.long_tasks = value_of(load.long_tasks);
  now.declared_long = value_of(load.declared_long);
  worch::LaneView out;
  out.pool = container.pool.id;
  out.container = container.index;
  out.worker = container.worker().index();
  out.queued = value_of(load.queued);
  out.running = value_of(container.running);
  out.tasks = now.tasks - before.tasks;
  out.handler_ns = now.handler_ns - before.handler_ns;
  out.wait_ns = now.wait_ns - before.wait_ns;
  out.bytes = now.bytes - before.bytes;
  out.longest_ns = load.take_longest();
  out.expected_ns = value_of(load.expected_ns);
  out.fixed = load.orphaned();
  out.long_running = now.long_tasks != before.long_tasks || out.fixed;
  out.declared_long = now.declared_long != before.declared_long;
  out.high_throughput = (now.high_throughput - before.high_throughput) * 2 > out.tasks;
  return out;
}

}  // namespace chi::runtime
