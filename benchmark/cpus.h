// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Who runs where. Client and worker get a core each, and whatever the figures are compared with gets the same two.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <functional>
#include <vector>

namespace chi::bench {

// Those that the calling thread may use now.
std::vector<int> usable_cpus();

cpu_set_t cpu_set_of(const std::vector<int>& cpus);

struct Placement {
  int client = 0;
  int worker = 0;
  std::vector<int> clients;  // for several client threads: all but the worker's, or just it when there is no other
  std::vector<int> all;

  bool one_cpu() const noexcept { return client == worker; }
};

// Prefers two CPUs that do not share a core. Precondition: `cpus` is not empty.
Placement place(const std::vector<int>& cpus, const std::function<bool(int, int)>& share_core);

// The same for this machine and thread, which must not be bound yet.
Placement place_here();

// Binds the calling thread; false when the kernel refuses.
bool bind_thread(const std::vector<int>& cpus);

// Binds all threads of another process of this user, those that it starts from now on included.
bool bind_process(pid_t pid, const std::vector<int>& cpus);

}  // namespace chi::bench
