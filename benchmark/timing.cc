// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The clock, measured by itself.
#include "benchmark/timing.h"

#include <array>

namespace chi::bench {

double clock_cost_ns() {
  constexpr unsigned kReads = 1000;
  std::array<double, 21> costs{};
  for (double& cost : costs) {
    const std::uint64_t begin = now_ns();
    std::uint64_t last = begin;
    for (unsigned i = 0; i < kReads; ++i) last = now_ns();
    cost = static_cast<double>(last - begin) / kReads;
  }
  return median_of(costs);
}

}  // namespace chi::bench
