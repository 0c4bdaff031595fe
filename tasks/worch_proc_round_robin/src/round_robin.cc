// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements round_robin.h.
#include "round_robin.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace worch_proc_round_robin {

using namespace chi::worch;

chi::Result<CpuAssignment> assign(const View& view) {
  CpuAssignment out;
  if (view.workers.empty()) return out;
  if (view.cpus.empty()) {
    return chi::Error{chi::Code::failed_precondition, "there is no CPU to run the workers on", {}};
  }
  std::vector<std::uint32_t> workers;
  std::vector<std::uint32_t> cpus;
  workers.reserve(view.workers.size());
  cpus.reserve(view.cpus.size());
  for (const WorkerView& worker : view.workers) workers.push_back(worker.index);
  for (const CpuView& cpu : view.cpus) cpus.push_back(cpu.cpu);
  std::sort(workers.begin(), workers.end());
  std::sort(cpus.begin(), cpus.end());
  out.workers.reserve(workers.size());
  for (std::size_t i = 0; i < workers.size(); ++i) {
    out.workers.push_back({workers[i], {cpus[i % cpus.size()]}, "its turn"});
  }
  out.why = std::to_string(workers.size()) + " workers in turn over " + std::to_string(cpus.size()) + " CPUs";
  return out;
}

}  // namespace worch_proc_round_robin
