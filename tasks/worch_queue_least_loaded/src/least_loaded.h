// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lanes to workers by measured load. Each lane's load is learnt from view to view (loads.h); workers that run long
// tasks are told from others (split.h); then as few lanes move as make the workers even (moves.h). Where nothing is
// gained by more than chance, nothing moves. Belongs to one lane. A view of n lanes costs O(n log n).
#pragma once

#include <chimaera/result.h>
#include <chimaera/worch.h>

#include "loads.h"
#include "split.h"

namespace worch_queue_least_loaded {

class LeastLoaded {
 public:
  // failed_precondition: there are lanes, and no worker for them. What was learnt before stays then.
  chi::Result<chi::worch::LaneAssignment> assign(const chi::worch::View& view);

 private:
  LoadHistory history_;
  Splitter splitter_;
};

}  // namespace worch_queue_least_loaded
