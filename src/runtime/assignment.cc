// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The rules of worch.h, one by one.
#include "runtime/assignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <vector>

#include "runtime/places.h"

namespace chi::runtime {
namespace {

Error bad(std::string text) { return {Code::invalid_argument, std::move(text), kOrchestration}; }

struct LaneId {
  PoolId pool;
  std::uint32_t container;
  bool operator==(const LaneId&) const = default;
};
struct LaneHash {
  std::size_t operator()(const LaneId& id) const noexcept {
    return (id.pool * 0x9e3779b97f4a7c15 ^ id.container) * 0xff51afd7ed558ccd;
  }
};

}  // namespace

Status check_assignment(const worch::View& view, const worch::LaneAssignment& answer) {
  std::set<std::uint32_t> workers;
  for (auto& worker : view.workers) workers.insert(worker.index);
  std::unordered_map<LaneId, const worch::LaneView*, LaneHash> missing;
  for (auto& lane : view.lanes) missing[{lane.pool, lane.container}] = &lane;
  for (auto& place : answer.lanes) {
    const std::string name = fmt::format("lane {}/{}", place.pool, place.container);
    auto found = missing.find({place.pool, place.container});
    if (found == missing.end()) return bad(name + " is not in the view, or was assigned twice");
    const worch::LaneView& lane = *found->second;
    missing.erase(found);
    if (lane.fixed && place.worker == lane.worker) continue;
    if (lane.fixed)
      return bad(fmt::format("{} cannot be moved now, and was assigned to worker {}", name, place.worker));
    if (!workers.contains(place.worker)) return bad(fmt::format("{}: there is no worker {}", name, place.worker));
  }
  if (missing.empty()) return {};
  const LaneId& first = missing.begin()->first;
  return bad(fmt::format("{} of {} lanes have no worker, such as {}/{}", missing.size(), view.lanes.size(), first.pool,
                         first.container));
}

Status check_assignment(const worch::View& view, const worch::CpuAssignment& answer) {
  std::set<std::uint32_t> missing;
  for (auto& worker : view.workers) missing.insert(worker.index);
  for (auto& place : answer.workers) {
    if (missing.erase(place.worker) == 0) {
      return bad(fmt::format("worker {} is not in the view, or was assigned twice", place.worker));
    }
    if (place.cpus.empty()) return bad(fmt::format("worker {} has no CPU", place.worker));
    for (std::uint32_t cpu : place.cpus) {
      auto same = [cpu](auto& each) { return each.cpu == cpu; };
      if (std::none_of(view.cpus.begin(), view.cpus.end(), same)) {
        return bad(fmt::format("worker {}: CPU {} is not one that the daemon may use", place.worker, cpu));
      }
    }
  }
  if (missing.empty()) return {};
  return bad(fmt::format("{} workers have no CPUs, such as {}", missing.size(), *missing.begin()));
}

}  // namespace chi::runtime
