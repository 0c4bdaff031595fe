// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How long a lane stands still that moves from worker to worker.
#pragma once

#include <chimaera/result.h>

#include "benchmark/report.h"
#include "benchmark/workload.h"

namespace chi::bench {

// Half of the lanes move there and back as fast as the runtime does it, while small tasks go on at all of them: the
// node has one worker and two in turn. One row; and what is wanted of it.
Status measure_lane_moves(const Options& options, Report& report);

}  // namespace chi::bench
