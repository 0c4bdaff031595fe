// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What processes cost.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <cstdint>

namespace chi::bench {

// CPU time of a process since its start, all threads, those that have ended too, and what the kernel did for them.
// Nanoseconds where /proc/PID/stat has ticks of 10 ms. Fails with not_found when it has ended.
Result<std::uint64_t> process_cpu_ns(pid_t pid);

}  // namespace chi::bench
