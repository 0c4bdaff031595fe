// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where the threads of this process may run, as the kernel has it.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace chi::test {

using Cpus = std::vector<std::uint32_t>;

// Empty where there is no such thread any more. 0: the calling one.
inline Cpus cpus_of(pid_t thread) {
  cpu_set_t set;
  Cpus out;
  if (::sched_getaffinity(thread, sizeof set, &set) != 0) return out;
  for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) out.push_back(cpu);
  }
  return out;
}

inline std::vector<pid_t> threads_of_this_process() {
  std::vector<pid_t> out;
  for (auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    out.push_back(static_cast<pid_t>(std::strtol(each.path().filename().c_str(), nullptr, 10)));
  }
  return out;
}

// How many threads may run on these, and on no other.
inline std::size_t threads_on(const Cpus& cpus) {
  std::size_t out = 0;
  for (const pid_t thread : threads_of_this_process()) out += cpus_of(thread) == cpus ? 1 : 0;
  return out;
}

// As `taskset --all-tasks --pid` does.
inline void confine_all_threads(const Cpus& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const std::uint32_t cpu : cpus) CPU_SET(cpu, &set);
  for (const pid_t thread : threads_of_this_process()) ::sched_setaffinity(thread, sizeof set, &set);
}

}  // namespace chi::test
