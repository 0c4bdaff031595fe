// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What this process has of the machine, as the kernel counts it. Usable from any thread.
#pragma once

#include <cstdint>

namespace chi {

struct ProcessUsage {
  double cpu_seconds = 0;    // of all threads, in user code and in the kernel
  double start_seconds = 0;  // when it began, since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t max_files = 0;  // the soft limit
};

// What cannot be read is 0.
ProcessUsage process_usage();

}  // namespace chi
