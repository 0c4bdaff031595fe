// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Looks, and compares.
#include "runtime/cpu_watch.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/file.h"
#include "base/usable_cpus.h"

namespace chi::runtime {
namespace {

constexpr std::uint64_t kMaxFile = 64 << 10;

}  // namespace

CpuWatch::CpuWatch(pid_t thread) : thread_(thread), limits_(read()) {}

CpuLimits CpuWatch::read() const {
  CpuLimits out;
  out.allowed = cpus_of_thread(thread_);
  const auto memberships = read_file("/proc/self/cgroup", kMaxFile);
  const auto share = memberships.ok() ? cgroup_cpus(*memberships, "/sys/fs/cgroup") : std::nullopt;
  if (share) out.limit = static_cast<std::uint32_t>(std::max(1.0, std::ceil(*share)));
  return out;
}

void CpuWatch::tell(Changed changed) {
  std::lock_guard lock(mutex_);
  told_.push_back(std::move(changed));
}

void CpuWatch::look() {
  CpuLimits now = read();
  std::vector<Changed> told;
  {
    std::lock_guard lock(mutex_);
    if (now.allowed.empty() || now == limits_) return;
    limits_ = now;
    told = told_;
  }
  for (auto& changed : told) changed(now);
}

CpuLimits CpuWatch::limits() const {
  std::lock_guard lock(mutex_);
  return limits_;
}

}  // namespace chi::runtime
