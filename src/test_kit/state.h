// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A container's State out of it, into it, and side by side with another.
#pragma once

#include <chimaera/test_pool.h>

#include <string>

#include "test_kit/core.h"

namespace chi::test_kit {

Result<Snapshot> take_snapshot(Core& core, runtime::Container& container);
Status restore_snapshot(Core& core, runtime::Container& container, const Snapshot& snapshot);

// A container of the same kind gets the snapshot, and is asked for its own.
Result<Snapshot> through_a_new_container(Core& core, const runtime::Container& like, const Snapshot& snapshot);

// The state as JSON; as far as it can be read, with what is wrong.
std::string state_text(const std::string& schema, const Snapshot& snapshot);

// Where two states differ first, as in "totals.apple: 3, not 2"; empty where they do not, in whatever order their sets
// and maps stand.
std::string state_difference(const std::string& schema, const Snapshot& is, const Snapshot& should_be);

}  // namespace chi::test_kit
