// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a trace keeps of one step of a task: a wait, the run after it, and the reply. A plain value.
#pragma once

#include <cstdint>

#include "chimaera/domain.h"
#include "chimaera/ticks.h"

namespace chi::runtime {

// Times that did not happen, or from before the trace, are Ticks().
struct TraceRecord {
  PoolId pool = kNoPool;
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  Ticks since;  // it waited from then ...
  Ticks began;  // ... until then, and ran ...
  Ticks ended;  // ... until then
  Ticks reply;  // its reply was written from then ...
  Ticks replied;
  std::uint32_t container = 0;
  std::uint32_t method = 0;
  std::uint32_t to_worker = 0;  // of a move
  std::uint8_t flags = 0;       // admin::kTrace...
};

}  // namespace chi::runtime
