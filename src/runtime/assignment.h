// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whether what a policy answered can be done: as a whole, or not at all. Pure functions.
#pragma once

#include "chimaera/result.h"
#include "chimaera/worch.h"

namespace chi::runtime {

// Every lane of the view once, no other, each on a worker of the view; one that is fixed where it is.
Status check_assignment(const worch::View& view, const worch::LaneAssignment& answer);

// Every worker of the view once, no other, each with at least one CPU of the view and none that is not there.
Status check_assignment(const worch::View& view, const worch::CpuAssignment& answer);

}  // namespace chi::runtime
