// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Loads by formula. Tasks come at random (Poisson) and take times at random (exponential) about their lane's mean: the
// same ones for the same options, on every run. Belongs to one thread.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "sim/load.h"

namespace chi::sim {

enum class LoadKind : std::uint8_t {
  uniform,   // all lanes the same: tasks of 200 us
  skewed,    // the i-th busiest lane has 1/i of the busiest one's work; of each 50 lanes, one has tasks of 5 ms
  shifting,  // as skewed, but each second a fifth of the lanes exchange how busy they are
};

struct LoadOptions {
  LoadKind kind = LoadKind::uniform;
  std::uint32_t workers = 64;
  std::uint32_t lanes = 10'000;
  double utilization = 0.7;  // of all workers' time; no lane alone keeps a worker busy for more than half of it, but
                             // where there are too few lanes for that
  std::uint64_t seconds = 10;
  std::uint64_t seed = 1;
};

// "uniform", "skewed", "shifting".
Result<LoadKind> parse_load_kind(std::string_view name);

// Precondition: workers, lanes and seconds are at least 1, utilization is above 0.
std::unique_ptr<Load> generate_load(const LoadOptions& options);

}  // namespace chi::sim
