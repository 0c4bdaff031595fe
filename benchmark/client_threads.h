// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Several client threads that begin at the same moment.
#pragma once

#include <chimaera/result.h>

#include <functional>
#include <vector>

#include "benchmark/stage.h"

namespace chi::bench {

// Of one thread: gives operations a second, or why there are none.
using ThreadWork = std::function<Result<double>(unsigned thread)>;

// Runs `work` in `count` threads, each with a stream of its own and bound to a client's CPU; gives the sum of their
// rates, or the first failure.
Result<double> run_threads(const Stage& stage, const Pool& pool, unsigned count, const ThreadWork& work);

}  // namespace chi::bench
