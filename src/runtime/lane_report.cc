// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reads counters that the workers go on writing; no worker is asked.
#include "runtime/lane_report.h"

namespace chi::runtime {
namespace {

constexpr std::size_t kLanesInReply = 4096;

bool is_stuck(const Crew& crew, std::uint64_t orphaned_ns) {
  return orphaned_ns >= static_cast<std::uint64_t>(crew.options().stuck_after.count());
}

admin::LaneCounters counters_of(const Crew& crew, const Container& container, std::uint64_t now_ns) {
  const LaneLoad& load = container.load;
  admin::LaneCounters out;
  out.pool = container.pool.id;
  out.container = container.index;
  out.worker = container.worker().index();
  out.tasks = value_of(container.completed);
  out.queued = value_of(load.queued);
  out.running = value_of(container.running);
  out.handler_ns = value_of(load.handler_ns);  // before what is to be added to it, or that could count twice
  const std::uint64_t orphaned_ns = load.orphaned_ns(now_ns);
  out.handler_ns += orphaned_ns;
  out.wait_ns = value_of(load.wait_ns);
  out.bytes = value_of(load.bytes);
  out.isolated = load.orphaned();
  out.stuck = is_stuck(crew, orphaned_ns);
  return out;
}

// The workers, but for the number of their lanes.
std::vector<admin::WorkerCounters> counters_of(Crew& crew) {
  std::vector<admin::WorkerCounters> out;
  for (std::uint32_t i = 0; i < crew.size(); ++i) {
    const Worker& worker = crew.worker(i);
    const WorkerCounts& counts = worker.counts();
    out.push_back({i, i < crew.active(), worker.meter().busy_ns() + crew.in_handler_ns(i), value_of(counts.tasks),
                   value_of(counts.sleeps), worker.queued(), 0, crew.cpus(i)});
  }
  return out;
}

}  // namespace

std::vector<admin::StuckTask> report_stuck(const Crew& crew, const PoolKeeper& keeper, const Clock& clock) {
  std::vector<admin::StuckTask> out;
  const std::uint64_t now_ns = clock.now_ns();
  for (const auto& [name, pool] : keeper.pools()) {
    for (const auto& container : pool->containers) {
      const std::uint64_t orphaned_ns = container->load.orphaned_ns(now_ns);
      if (!is_stuck(crew, orphaned_ns)) continue;
      out.push_back({container->name(), value_of(container->load.orphan_method), orphaned_ns / 1'000'000});
    }
  }
  return out;
}

// Pools come and go between two pieces; a lane may then be in none of them, or in two.
admin::LanesReply report_lanes(Crew& crew, PoolKeeper& keeper, const Clock& clock, std::uint64_t begin) {
  admin::LanesReply reply;
  reply.now_ns = clock.now_ns();
  reply.workers = counters_of(crew);
  std::uint64_t place = 0;
  for (const auto& [name, pool] : keeper.pools()) {
    reply.pools.push_back({pool->id, name, pool->module->name()});
    for (const auto& container : pool->containers) {
      const admin::LaneCounters lane = counters_of(crew, *container, reply.now_ns);
      if (lane.worker < reply.workers.size()) ++reply.workers[lane.worker].lanes;
      if (place++ < begin || reply.next != 0 || (lane.tasks == 0 && lane.running == 0)) continue;
      if (reply.lanes.size() == kLanesInReply) {
        reply.next = place - 1;
        continue;
      }
      reply.lanes.push_back(lane);
    }
  }
  return reply;
}

}  // namespace chi::runtime
