// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A policy, which is a real module, in charge of virtual workers (queueing.h). It is called as in a daemon, once at the
// begin and then on a period, through its table; that it takes time to answer is left out. An answer is taken or
// refused as a whole by the daemon's rules. The same policy, load and options give the same report.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sim/load.h"

namespace chi::sim {

struct SimulationOptions {
  std::uint32_t workers = 64;
  std::uint64_t end_ns = 10'000'000'000;
  std::uint64_t period_ns = 100'000'000;
  std::uint64_t pause_ns = 200'000;       // of a lane that moves
  std::uint64_t row_ns = 500'000'000;     // a row of the report is of at least so long
  std::vector<std::string> module_paths;  // repos, before CHIMAERA_MODULE_PATH and the installed ones
};

struct SimulationRow {
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  double imbalance = 1;  // work that came to the busiest worker, by the mean of all; 1 where none came
  std::uint64_t moved = 0;
  std::uint64_t begun = 0;  // tasks; whose waits are
  std::uint64_t p50_ns = 0;
  std::uint64_t p99_ns = 0;
  std::uint64_t queued = 0;  // at the end
};

struct SimulationReport {
  std::string policy;
  std::string version;
  std::vector<SimulationRow> rows;
  SimulationRow all;  // of the whole time; `imbalance` is the mean of the rows'
  std::uint64_t done = 0;
  std::uint64_t refused = 0;  // answers; then what was assigned before stayed
  std::string refusal;        // why, the first time
  std::string last_words;     // what the policy said of its last answer that was taken
};

// not_found, failed_precondition: there is no such module, or it cannot be loaded; invalid_argument: it assigns no
// lanes. A policy that never answers never returns here.
Result<SimulationReport> simulate(const std::string& policy, Load& load, const SimulationOptions& options);

}  // namespace chi::sim
