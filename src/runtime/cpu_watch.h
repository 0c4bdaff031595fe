// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Notices that the process may use other CPUs than before: `taskset`, the cpuset or the time limit of a control group.
// The kernel has moved the threads by then; what is left to do is to spread them anew.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "runtime/thread_place.h"

namespace chi::runtime {

struct CpuLimits {
  CpuList allowed;
  std::uint32_t limit = 0;  // of how many CPUs the control groups leave the time, rounded up; 0: of all
  bool operator==(const CpuLimits&) const = default;
};

// Usable from any thread.
class CpuWatch {
 public:
  using Changed = std::function<void(const CpuLimits& now)>;

  // `thread`: whose affinity stands for the process'; one that nobody here binds. 0: that which calls look().
  explicit CpuWatch(pid_t thread);

  // Called by whoever calls look(), after each change; shortly, since nothing else is looked at meanwhile.
  void tell(Changed changed);

  // Costs some opened files: not for every turn of a loop.
  void look();

  // As of the last look.
  CpuLimits limits() const;

 private:
  CpuLimits read() const;

  const pid_t thread_;
  mutable std::mutex mutex_;
  CpuLimits limits_;
  std::vector<Changed> told_;
};

}  // namespace chi::runtime
