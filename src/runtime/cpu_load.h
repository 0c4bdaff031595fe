// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How busy others keep the CPUs: what /proc/stat says of each, without what our own threads took.
//
// An approximation: the kernel counts in ticks (10 ms mostly), and says of a thread only where it ran last, so one that
// moved in the period is charged there alone. For deciding where to go it is enough, for periods of 100 ms and more.
#pragma once

#include <chimaera/worch.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace chi::runtime {

// One thread at a time.
class CpuLoad {
 public:
  // `proc`: where the kernel's files are.
  explicit CpuLoad(std::string proc = "/proc") : proc_(std::move(proc)) {}

  // Fills in `other_load` of each for the time since the call before; 0 at the first, and where nothing is known.
  // `own`: our threads. What a virtual machine's host took counts as others'.
  void look(std::vector<worch::CpuView>& cpus, const std::vector<pid_t>& own);

 private:
  struct Ticks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
  };
  using Cpus = std::map<std::uint32_t, Ticks>;
  Cpus read_cpus() const;
  std::map<std::uint32_t, std::uint64_t> own_since(const std::vector<pid_t>& own);

  const std::string proc_;
  Cpus before_;
  std::map<pid_t, std::uint64_t> own_before_;
};

}  // namespace chi::runtime
