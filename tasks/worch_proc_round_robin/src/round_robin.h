// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Worker i runs on CPU i mod n, and on no other. Workers and CPUs are counted in the order of their numbers. Pure.
#pragma once

#include <chimaera/result.h>
#include <chimaera/worch.h>

namespace worch_proc_round_robin {

// failed_precondition: there are workers, and no CPU for them.
chi::Result<chi::worch::CpuAssignment> assign(const chi::worch::View& view);

}  // namespace worch_proc_round_robin
