// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a daemon's lanes have done so far, for commands that read it over and over again.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/client.h>
#include <chimaera/result.h>

namespace chi::cli {

// Administration by calls that take a second at most: keys and signals are looked at between two of them.
Pool quick_admin(const Client& client);

// Those of all lanes at one time, as `next` 0 says. deadline_exceeded: not now, but the next reading may succeed.
Result<admin::LanesReply> read_lanes(const Client& client);

// Puts the next piece behind `all`. Not when pools have come or gone between the two, for then lanes may be missing,
// or be there twice.
bool append_lanes(admin::LanesReply& all, admin::LanesReply&& more);

// Why no reading is to be had any more: the pool of administration goes first when a daemon ends.
Error reading_error(const Error& error);

}  // namespace chi::cli
