// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What each worker and each lane has done, as plain counters.
#pragma once

#include <vector>

#include "base/clock.h"
#include "chimaera/admin.h"
#include "runtime/crew.h"
#include "runtime/pool_keeper.h"

namespace chi::runtime {

// Both on the node's control thread.
// What of the lanes has run for `runtime.stuck_after` without awaiting anything.
std::vector<admin::StuckTask> report_stuck(const Crew& crew, const PoolKeeper& keeper, const Clock& clock);

admin::LanesReply report_lanes(Crew& crew, PoolKeeper& keeper, const Clock& clock, std::uint64_t begin);

}  // namespace chi::runtime
