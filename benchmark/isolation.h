// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What small tasks notice of handlers that compute for 100 ms at another lane.
#pragma once

#include <chimaera/result.h>

#include "benchmark/report.h"
#include "benchmark/workload.h"

namespace chi::bench {

// The same small calls at the same times, alone and then beside one lane whose code computes nearly all the time, with
// worch_queue_least_loaded in charge of lanes and each worker on a CPU of its own. One row.
Status measure_isolation(const Options& options, Report& report);

}  // namespace chi::bench
