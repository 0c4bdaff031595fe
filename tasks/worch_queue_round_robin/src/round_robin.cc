// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements round_robin.h.
#include "round_robin.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace worch_queue_round_robin {

using namespace chi::worch;

namespace {

std::vector<std::uint32_t> workers_of(const View& view) {
  std::vector<std::uint32_t> out;
  out.reserve(view.workers.size());
  for (const WorkerView& worker : view.workers) out.push_back(worker.index);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<const LaneView*> lanes_of(const View& view) {
  std::vector<const LaneView*> out;
  out.reserve(view.lanes.size());
  for (const LaneView& lane : view.lanes) out.push_back(&lane);
  std::sort(out.begin(), out.end(), [](const LaneView* a, const LaneView* b) {
    return std::tie(a->pool, a->container) < std::tie(b->pool, b->container);
  });
  return out;
}

}  // namespace

chi::Result<LaneAssignment> assign(const View& view) {
  LaneAssignment out;
  if (view.lanes.empty()) return out;
  const std::vector<std::uint32_t> workers = workers_of(view);
  if (workers.empty()) return chi::Error{chi::Code::failed_precondition, "there is no worker to give the lanes to", {}};
  out.lanes.reserve(view.lanes.size());
  std::size_t turn = 0;
  for (const LaneView* lane : lanes_of(view)) {
    const std::uint32_t next = workers[turn++ % workers.size()];
    const bool stays = lane->fixed && std::binary_search(workers.begin(), workers.end(), lane->worker);
    out.lanes.push_back({lane->pool, lane->container, stays ? lane->worker : next, {}});
    if (out.lanes.back().worker != lane->worker) out.lanes.back().why = "its turn";
  }
  out.why = std::to_string(view.lanes.size()) + " lanes in turn over " + std::to_string(workers.size()) + " workers";
  return out;
}

}  // namespace worch_queue_round_robin
