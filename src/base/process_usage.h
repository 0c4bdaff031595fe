// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What this process has of the machine, as the kernel counts it. Usable from any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace chi {

struct ProcessUsage {
  std::optional<double> cpu_seconds;    // of all threads, in user code and in the kernel
  std::optional<double> start_seconds;  // when it began, since 1970
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> virtual_bytes;
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> max_files;  // the soft limit
};

// What cannot be read has no value: a process at its limit of descriptors cannot even look at itself.
ProcessUsage process_usage();

}  // namespace chi
