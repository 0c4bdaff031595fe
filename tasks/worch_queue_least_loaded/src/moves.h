// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which lanes of one kind go where, so that each worker gets about its quota by few moves. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loads.h"
#include "split.h"

namespace worch_queue_least_loaded {

enum class Why : std::uint8_t {
  stays,
  worker_gone,  // its worker is not in the view
  kept_apart,   // its worker is for lanes of the other kind
  by_count,     // nothing is known of it: workers get as many such lanes each
  alone,        // it is more than a worker's share: others leave its worker, or it leaves theirs
  balance,      // its worker had too much to do
};

struct Place {
  std::size_t worker = kGone;  // position
  Why why = Why::stays;
};

// Puts the lanes of a kind into `places`, which has the place of each lane of `loads`; others are not touched.
void place_kind(const Loads& loads, bool long_tasks, const Quotas& quotas, std::vector<Place>& places);

}  // namespace worch_queue_least_loaded
