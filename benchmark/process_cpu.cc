// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A process' CPU time as a clock.
#include "benchmark/process_cpu.h"

#include <ctime>

namespace chi::bench {

Result<std::uint64_t> process_cpu_ns(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    return Error{Code::not_found, "cannot read a process' CPU time; has it ended?", "bench"};
  }
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(used.tv_nsec);
}

}  // namespace chi::bench
