// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers to CPUs by what the CPUs share. A CPU each, as long as there are enough; free cores before second threads of
// cores that are in use; CPUs that other processes leave alone before those that they keep busy; one memory node and
// package before two. A dedicated worker gets a whole core where enough is left for the others. No more CPUs than
// control groups leave time for. Who is well placed stays. Pure.
#pragma once

#include <chimaera/result.h>
#include <chimaera/worch.h>

namespace worch_proc_topology {

// failed_precondition: there are workers, and no CPU for them.
chi::Result<chi::worch::CpuAssignment> assign(const chi::worch::View& view);

}  // namespace worch_proc_topology
