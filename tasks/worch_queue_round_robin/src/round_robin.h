// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lane i goes to worker i mod n. Lanes are counted in the order of their pools and containers, workers in that of their
// indices, so that the same lanes are answered with the same places whatever the view's own order. Pure.
#pragma once

#include <chimaera/result.h>
#include <chimaera/worch.h>

namespace worch_queue_round_robin {

// A fixed lane stays, and is counted. failed_precondition: there are lanes, and no worker for them.
chi::Result<chi::worch::LaneAssignment> assign(const chi::worch::View& view);

}  // namespace worch_queue_round_robin
