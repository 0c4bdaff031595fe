// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// sched_setaffinity and sched_getaffinity, for any number of CPUs.
#include "runtime/thread_place.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>

namespace chi::runtime {
namespace {

constexpr std::uint32_t kMostCpus = 1 << 16;  // that a kernel can be built for is 8192

struct FreeSet {
  void operator()(cpu_set_t* set) const noexcept { CPU_FREE(set); }
};
using CpuSet = std::unique_ptr<cpu_set_t, FreeSet>;

bool set_affinity(pid_t thread, const CpuList& cpus) {
  if (cpus.empty() || cpus.back() >= kMostCpus) return false;
  const std::size_t count = cpus.back() + 1;
  const std::size_t bytes = CPU_ALLOC_SIZE(count);
  CpuSet set(CPU_ALLOC(count));
  if (!set) return false;
  CPU_ZERO_S(bytes, set.get());
  for (std::uint32_t cpu : cpus) CPU_SET_S(cpu, bytes, set.get());
  return ::sched_setaffinity(thread, bytes, set.get()) == 0;
}

}  // namespace

CpuList cpus_of_thread(pid_t thread) {
  for (std::uint32_t count = 1024; count <= kMostCpus; count *= 2) {
    const std::size_t bytes = CPU_ALLOC_SIZE(count);
    CpuSet set(CPU_ALLOC(count));
    if (!set) return {};
    CPU_ZERO_S(bytes, set.get());
    if (::sched_getaffinity(thread, bytes, set.get()) != 0) {
      if (errno == EINVAL) continue;  // the kernel knows more CPUs
      return {};
    }
    CpuList out;
    for (std::uint32_t cpu = 0; cpu < count; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set.get())) out.push_back(cpu);
    }
    return out;
  }
  return {};
}

CpuList common_cpus(const CpuList& a, const CpuList& b) {
  CpuList out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

void ThreadPlace::enter() {
  std::lock_guard lock(mutex_);
  thread_ = ::gettid();
  if (!wanted_.empty()) set_affinity(thread_, wanted_);
}

void ThreadPlace::leave() {
  std::lock_guard lock(mutex_);
  thread_ = 0;
}

bool ThreadPlace::bind(const CpuList& cpus) {
  std::lock_guard lock(mutex_);
  if (thread_ != 0 && !set_affinity(thread_, cpus)) return false;
  wanted_ = cpus;
  return true;
}

CpuList ThreadPlace::cpus() const {
  std::lock_guard lock(mutex_);
  return thread_ == 0 ? CpuList() : cpus_of_thread(thread_);
}

pid_t ThreadPlace::thread() const {
  std::lock_guard lock(mutex_);
  return thread_;
}

}  // namespace chi::runtime
