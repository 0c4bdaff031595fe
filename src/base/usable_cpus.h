// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How many CPUs this process may keep busy: fewer than there are where its affinity says so, or the control groups that
// it is in, as those of a container.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chi {

// At least 1. What the process may use now: its limits can be changed at any time. Usable from any thread.
unsigned usable_cpus();

// CPU time by time that the control groups leave to a process, the least on the way from its own to the root; empty
// where none has a limit, or nothing is known. `memberships`: what /proc/PID/cgroup says; `root`: where the hierarchies
// are mounted, of version 1 (the controller `cpu`) or 2.
std::optional<double> cgroup_cpus(std::string_view memberships, const std::string& root);

}  // namespace chi
