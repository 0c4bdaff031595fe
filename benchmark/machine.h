// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What else the machine does while it is measured: figures from a busy machine mean nothing.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chi::bench {

// CPU time since boot, of all CPUs together, in the kernel's ticks.
struct CpuTimes {
  std::uint64_t busy = 0;
  std::uint64_t idle = 0;
  std::uint64_t stolen = 0;  // wanted, and given by the hypervisor to others
};

// From the text of /proc/stat.
Result<CpuTimes> parse_cpu_times(std::string_view text);

struct Machine {
  unsigned cpus = 0;
  double load = 0;            // runnable threads, mean of the last minute, before the measurement
  double busy_percent = 0;    // of one CPU, in a moment before the measurement
  double stolen_percent = 0;  // of all CPUs, during it
  double clock_ns = 0;        // what reading the clock costs

  // Why figures from it are not to be trusted; empty: no reason is known.
  std::string warning() const;
};

// Looks twice: when it is made, which takes some 100 ms, and when it is asked.
class MachineWatch {
 public:
  MachineWatch();
  Machine look() const;

 private:
  Machine before_;
  CpuTimes begin_;
};

}  // namespace chi::bench
