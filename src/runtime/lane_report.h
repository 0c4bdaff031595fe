// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What each worker and each lane has done, as plain counters.
#pragma once

#include "base/clock.h"
#include "chimaera/admin.h"
#include "runtime/crew.h"
#include "runtime/pool_keeper.h"

namespace chi::runtime {

// On the node's control thread.
admin::LanesReply report_lanes(Crew& crew, PoolKeeper& keeper, const Clock& clock, std::uint64_t begin);

}  // namespace chi::runtime
