// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the workers and lanes of a node have done since it was asked last, as policies see it.
#pragma once

#include <map>
#include <unordered_map>
#include <utility>

#include "chimaera/worch.h"
#include "runtime/crew.h"
#include "runtime/pool_keeper.h"

namespace chi::runtime {

// What workers have of their lanes, from these: running to high_throughput. Workers are in the order of their numbers.
void sum_lanes(worch::View& view);

// Used by the control thread alone, and the only one to call LaneLoad::take_longest(). Pools and workers may come and
// go between two readings: what is new is counted from its beginning.
class LoadReader {
 public:
  LoadReader(Crew& crew, const PoolKeeper& keeper, const Clock& clock) : crew_(crew), keeper_(keeper), clock_(clock) {}

  // Times, workers and lanes; `cpus`, `cpu_limit`, `reason`, and of the workers `dedicated` and `cpus`, are the
  // caller's.
  worch::View read();

 private:
  struct Sums {  // as they were at the last reading
    std::uint64_t tasks = 0;
    std::uint64_t handler_ns = 0;
    std::uint64_t wait_ns = 0;
    std::uint64_t bytes = 0;
    std::uint64_t high_throughput = 0;
    std::uint64_t long_tasks = 0;
    std::uint64_t declared_long = 0;
  };
  using LaneId = std::pair<PoolId, std::uint32_t>;

  worch::WorkerView read_worker(std::size_t index);
  static worch::LaneView read_lane(Container& container, const Sums& before, Sums& now);

  Crew& crew_;
  const PoolKeeper& keeper_;
  const Clock& clock_;
  std::uint64_t last_ns_ = 0;
  std::unordered_map<std::uint32_t, Sums> workers_;
  std::map<LaneId, Sums> lanes_;
};

}  // namespace chi::runtime
