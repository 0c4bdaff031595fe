// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What `chimaera worch simulate` found: as a table, as JSON, as a picture. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/json.h"
#include "sim/simulation.h"

namespace chi::cli {

struct SimulatedLoad {
  std::string name;  // the kind, or the file
  std::uint32_t lanes = 0;
  std::uint64_t seed = 0;
  double utilization = 0;  // of a generated load; else 0
};

// All reports are of the same load and options, so that their rows are of the same times.
std::string render_simulation(const SimulatedLoad& load, const sim::SimulationOptions& options,
                              const std::vector<sim::SimulationReport>& reports);
Json simulation_json(const SimulatedLoad& load, const sim::SimulationOptions& options,
                     const std::vector<sim::SimulationReport>& reports);
std::string simulation_svg(const SimulatedLoad& load, const sim::SimulationOptions& options,
                           const std::vector<sim::SimulationReport>& reports);

}  // namespace chi::cli
