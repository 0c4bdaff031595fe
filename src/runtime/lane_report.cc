// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reads counters that the workers go on writing; no worker is asked.
#include "runtime/lane_report.h"

namespace chi::runtime {
namespace {

admin::LaneCounters counters_of(const Container& container) {
  const LaneLoad& load = container.load;
  admin::LaneCounters out;
  out.pool = container.pool.id;
  out.container = container.index;
  out.worker = container.worker().index();
  out.tasks = value_of(container.completed);
  out.queued = value_of(load.queued);
  out.running = value_of(container.running);
  out.handler_ns = value_of(load.handler_ns);
  out.wait_ns = value_of(load.wait_ns);
  out.bytes = value_of(load.bytes);
  out.stuck = value_of(load.orphaned);
  return out;
}

}  // namespace

admin::LanesReply report_lanes(Crew& crew, PoolKeeper& keeper, const Clock& clock) {
  admin::LanesReply reply;
  reply.now_ns = clock.now_ns();
  for (std::uint32_t i = 0; i < crew.size(); ++i) {
    const Worker& worker = crew.worker(i);
    const WorkerCounts& counts = worker.counts();
    reply.workers.push_back({i, i < crew.active(), worker.meter().busy_ns() + crew.in_handler_ns(i),
                             value_of(counts.tasks), value_of(counts.sleeps), value_of(counts.queued), 0,
                             crew.cpus(i)});
  }
  for (const auto& [name, pool] : keeper.pools()) {
    reply.pools.push_back({pool->id, name, pool->module->name()});
    for (const auto& container : pool->containers) {
      const admin::LaneCounters lane = counters_of(*container);
      if (lane.worker < reply.workers.size()) ++reply.workers[lane.worker].lanes;
      if (lane.tasks != 0 || lane.running != 0) reply.lanes.push_back(lane);
    }
  }
  return reply;
}

}  // namespace chi::runtime
