// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which CPUs share a core, a memory node, a package (hwloc). Usable from any thread.
#pragma once

#include <chimaera/result.h>
#include <chimaera/worch.h>

#include <string>
#include <vector>

#include "runtime/thread_place.h"

namespace chi::runtime {

// The machine's, of those that are in `allowed`, rising; without loads (cpu_load.h). Ranks count the CPUs that are
// there: each core has one of rank 0. A CPU that hwloc does not know is a core of its own. Takes 1.5 ms on a machine of
// two CPUs; leaves the calling thread where it is bound.
std::vector<worch::CpuView> read_cpus(const CpuList& allowed);

// Of a machine that is only described, as hwloc(7) does it: "package:2 numa:1 core:4 pu:2". invalid_argument: no such
// description.
Result<std::vector<worch::CpuView>> synthetic_cpus(const std::string& description);

}  // namespace chi::runtime
