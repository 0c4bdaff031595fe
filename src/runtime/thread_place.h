// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where one of our own threads may run. Only the thread itself is ever bound: its number in the kernel is another
// thread's once it has ended, so nothing is done with it outside of enter() and leave().
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <vector>

namespace chi::runtime {

// By their numbers in the kernel, rising.
using CpuList = std::vector<std::uint32_t>;

// Where a thread may run now; 0: the calling one. Empty where the kernel does not say.
CpuList cpus_of_thread(pid_t thread);

CpuList common_cpus(const CpuList& a, const CpuList& b);

// Usable from any thread, but for what is the thread's own.
class ThreadPlace {
 public:
  // The thread's own: first and last in it.
  void enter();
  void leave();

  // From now on, and from enter() on where that is still to come. False: the kernel refuses it, as where none of them
  // is left to the process; then the thread stays where it was.
  bool bind(const CpuList& cpus);

  // What the kernel says; empty while no thread is there.
  CpuList cpus() const;

  // 0 while no thread is there.
  pid_t thread() const;

 private:
  mutable std::mutex mutex_;
  pid_t thread_ = 0;
  CpuList wanted_;
};

}  // namespace chi::runtime
