// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Numbers that only the control thread can tell, for others to read.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/admin.h"
#include "runtime/module_shelf.h"
#include "runtime/orchestrator.h"
#include "runtime/pool_keeper.h"

namespace chi::runtime {

// All containers of a pool together: a pool may have 65,536.
struct PoolSums {
  std::string name;
  std::string module;
  std::uint64_t containers = 0;
  std::uint64_t completed = 0;
  std::uint64_t running = 0;
  std::uint64_t queued = 0;
  std::uint64_t handler_ns = 0;
  std::uint64_t wait_ns = 0;
  std::uint64_t bytes = 0;
};

struct ControlReport {
  std::vector<PoolSums> pools;
  std::vector<std::pair<std::string, std::string>> modules;  // loaded: name, version
  std::vector<std::uint64_t> lanes;                          // of each worker
  std::vector<admin::PolicyInfo> policies;
  std::uint64_t moves_refused = 0;
};

// On the control thread.
ControlReport report_control(const PoolKeeper& keeper, const ModuleShelf& shelf, const Orchestrator& orchestrator,
                             std::uint32_t workers);

}  // namespace chi::runtime
