// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Chooses as many places as there are workers, dedicated ones first, and lets who is in one of them stay.
#include "topology.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "slots.h"

namespace worch_proc_topology {

using namespace chi::worch;

namespace {

std::string reason(const Slot& slot) {
  const std::string place = "core " + std::to_string(slot.core) + " of memory node " + std::to_string(slot.numa);
  if (slot.whole_core) return place + ", all of it";
  if (slot.sharers != 0) return place + ", with other workers: there are more than CPUs";
  if (slot.beside_another) return place + ", beside another worker's thread";
  return place;
}

std::vector<const WorkerView*> workers_of(const View& view, bool dedicated) {
  std::vector<const WorkerView*> out;
  for (const WorkerView& worker : view.workers) {
    if (worker.dedicated == dedicated) out.push_back(&worker);
  }
  std::sort(out.begin(), out.end(), [](const WorkerView* a, const WorkerView* b) { return a->index < b->index; });
  return out;
}

bool is_there(const WorkerView& worker, const Slot& slot) {
  std::vector<std::uint32_t> cpus = worker.cpus;
  std::sort(cpus.begin(), cpus.end());
  return cpus == slot.cpus;
}

// Gives each worker one of as many slots.
void settle(const std::vector<const WorkerView*>& workers, std::vector<Slot> slots, CpuAssignment& out) {
  std::vector<const WorkerView*> movers;
  for (const WorkerView* worker : workers) {
    const auto own =
        std::find_if(slots.begin(), slots.end(), [&](const Slot& slot) { return is_there(*worker, slot); });
    if (own == slots.end()) {
      movers.push_back(worker);
      continue;
    }
    out.workers.push_back({worker->index, own->cpus, reason(*own)});
    slots.erase(own);
  }
  for (std::size_t i = 0; i < movers.size(); ++i) {
    out.workers.push_back({movers[i]->index, std::move(slots[i].cpus), reason(slots[i])});
  }
}

std::string summary(const View& view, const CpuAssignment& answer) {
  std::unordered_set<std::uint32_t> cpus;
  for (const WorkerPlace& place : answer.workers) cpus.insert(place.cpus.begin(), place.cpus.end());
  std::string out = std::to_string(answer.workers.size()) + " workers on " + std::to_string(cpus.size()) + " of " +
                    std::to_string(view.cpus.size()) + " CPUs";
  if (view.cpu_limit != 0) out += "; control groups leave the time of " + std::to_string(view.cpu_limit);
  return out;
}

}  // namespace

chi::Result<CpuAssignment> assign(const View& view) {
  CpuAssignment out;
  if (view.workers.empty()) return out;
  if (view.cpus.empty()) {
    return chi::Error{chi::Code::failed_precondition, "there is no CPU to run the workers on", {}};
  }
  Slots slots(view, view.workers.size());
  out.workers.reserve(view.workers.size());
  for (const bool dedicated : {true, false}) {
    const std::vector<const WorkerView*> workers = workers_of(view, dedicated);
    std::vector<Slot> chosen;
    chosen.reserve(workers.size());
    for (std::size_t i = 0; i < workers.size(); ++i) chosen.push_back(slots.choose(dedicated));
    settle(workers, std::move(chosen), out);
  }
  out.why = summary(view, out);
  return out;
}

}  // namespace worch_proc_topology
