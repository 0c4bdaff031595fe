// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What `chimaera top` shows: rates between two readings of a daemon's counters. Pure functions.
#pragma once

#include <chimaera/admin.h>
#include <sys/types.h>

#include <string>

#include "codec/json.h"

namespace chi::cli {

struct TopReading {
  admin::StatusReply status;
  admin::LanesReply lanes;
  admin::MethodsReply methods;
};

// {"daemon", "seconds", "workers", "lanes", "methods", "pools"}: each a list, the busiest first. `pid`: the daemon's,
// 0: unknown here. Shares are of one CPU's time in percent; times are nanoseconds. What is in `after` alone is counted
// from its beginning.
Json top_frame(const TopReading& before, const TopReading& after, pid_t pid);

// The same as text of at most `rows` lines: of each list as much as fits, and says how much more there is.
std::string render_top(const Json& frame, std::size_t rows);

}  // namespace chi::cli
