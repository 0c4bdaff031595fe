// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reads what the kernel says of CPUs and of threads.
#include "benchmark/cpus.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/file.h"
#include "base/text.h"

namespace chi::bench {
namespace {

std::vector<int> cpus_of(const cpu_set_t& set) {
  std::vector<int> out;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) out.push_back(cpu);
  }
  return out;
}

// The list of CPUs that are one core with this one; empty where the kernel does not say.
std::string core_of(int cpu) {
  return read_file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu), 4096).value_or("");
}

bool share_core_here(int a, int b) {
  const std::string core = core_of(a);
  return !core.empty() && core == core_of(b);
}

// False when a thread could not be bound for another reason than that it has ended.
bool bind_threads(pid_t pid, const cpu_set_t& set, std::set<pid_t>& bound, bool& changed) {
  std::error_code error;
  std::filesystem::directory_iterator threads(fmt::format("/proc/{}/task", pid), error);
  if (error) return false;
  for (const auto& entry : threads) {
    const auto thread = parse_number(entry.path().filename().string());
    if (!thread.ok() || !bound.insert(static_cast<pid_t>(*thread)).second) continue;
    changed = true;
    if (::sched_setaffinity(static_cast<pid_t>(*thread), sizeof(set), &set) != 0 && errno != ESRCH) return false;
  }
  return true;
}

}  // namespace

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) CPU_SET(0, &set);
  return cpus_of(set);
}

cpu_set_t cpu_set_of(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : cpus) CPU_SET(static_cast<std::size_t>(cpu), &set);
  return set;
}

Placement place(const std::vector<int>& cpus, const std::function<bool(int, int)>& share_core) {
  Placement out;
  out.all = cpus;
  out.client = out.worker = cpus.front();
  if (cpus.size() > 1) out.worker = cpus[1];
  for (int cpu : cpus) {
    if (cpu == out.client || share_core(out.client, cpu)) continue;
    out.worker = cpu;
    break;
  }
  for (int cpu : cpus) {
    if (cpu != out.worker) out.clients.push_back(cpu);
  }
  if (out.clients.empty()) out.clients.push_back(out.worker);
  return out;
}

Placement place_here() { return place(usable_cpus(), share_core_here); }

bool bind_thread(const std::vector<int>& cpus) {
  const cpu_set_t set = cpu_set_of(cpus);
  return ::sched_setaffinity(0, sizeof(set), &set) == 0;
}

bool bind_process(pid_t pid, const std::vector<int>& cpus) {
  const cpu_set_t set = cpu_set_of(cpus);
  std::set<pid_t> bound;
  for (bool changed = true; changed;) {  // a thread may have been started by one that was not yet bound
    changed = false;
    if (!bind_threads(pid, set, bound, changed)) return false;
  }
  return true;
}

}  // namespace chi::bench
