// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements control_report.h.
#include "runtime/control_report.h"

namespace chi::runtime {
namespace {

void add(PoolSums& sums, const Container& container) noexcept {
  ++sums.containers;
  sums.completed += value_of(container.completed);
  sums.running += value_of(container.running);
  sums.queued += value_of(container.load.queued);
  sums.handler_ns += value_of(container.load.handler_ns);
  sums.wait_ns += value_of(container.load.wait_ns);
  sums.bytes += value_of(container.load.bytes);
}

}  // namespace

ControlReport report_control(const PoolKeeper& keeper, const ModuleShelf& shelf, const Orchestrator& orchestrator,
                             std::uint32_t workers) {
  ControlReport out;
  out.lanes.resize(workers);
  for (auto& [name, pool] : keeper.pools()) {
    PoolSums& sums = out.pools.emplace_back();
    sums.name = name;
    sums.module = pool->module->name();
    for (auto& container : pool->containers) {
      add(sums, *container);
      ++out.lanes[container->worker().index()];
    }
  }
  for (auto& [name, module] : shelf.loaded()) out.modules.emplace_back(name, module->version());
  out.policies = orchestrator.policies();
  out.moves_refused = orchestrator.moves_refused();
  return out;
}

}  // namespace chi::runtime
