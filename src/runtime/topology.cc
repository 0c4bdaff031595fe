// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What hwloc is asked, and what it is told not to look at: caches, devices, distances.
#include "runtime/topology.h"

#include <hwloc.h>

#include <algorithm>
#include <map>
#include <memory>
#include <type_traits>

namespace chi::runtime {
namespace {

using worch::CpuView;

struct DestroyTopology {
  void operator()(hwloc_topology_t topology) const noexcept { ::hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<std::remove_pointer_t<hwloc_topology_t>, DestroyTopology>;

// Null where there is nothing to be known. Without DONT_CHANGE_BINDING hwloc may bind the calling thread to one CPU
// after the other, to ask each what it is.
Topology load(const char* description) {
  hwloc_topology_t raw = nullptr;
  if (::hwloc_topology_init(&raw) != 0) return {};
  Topology topology(raw);
  constexpr unsigned long kFlags = HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING | HWLOC_TOPOLOGY_FLAG_NO_DISTANCES |
                                   HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS | HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS;
  bool ready = ::hwloc_topology_set_flags(raw, kFlags) == 0;
  ready = ready && ::hwloc_topology_set_all_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_NONE) == 0;
  for (hwloc_obj_type_t type : {HWLOC_OBJ_CORE, HWLOC_OBJ_PACKAGE}) {
    ready = ready && ::hwloc_topology_set_type_filter(raw, type, HWLOC_TYPE_FILTER_KEEP_ALL) == 0;
  }
  // Without its group, a memory node seems to be that of all CPUs around it.
  ready = ready && ::hwloc_topology_set_type_filter(raw, HWLOC_OBJ_GROUP, HWLOC_TYPE_FILTER_KEEP_STRUCTURE) == 0;
  if (description) ready = ready && ::hwloc_topology_set_synthetic(raw, description) == 0;
  if (!ready || ::hwloc_topology_load(raw) != 0) return {};
  return topology;
}

std::uint32_t numa_of(hwloc_topology_t topology, unsigned cpu) {
  hwloc_obj_t node = nullptr;
  while ((node = ::hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node))) {
    if (::hwloc_bitmap_isset(node->cpuset, cpu)) return node->os_index;
  }
  return 0;
}

// The kernel numbers cores anew in each package: hwloc's own numbers are unique.
std::uint32_t number_of(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_obj_t cpu, std::uint32_t none) {
  hwloc_obj_t object = ::hwloc_get_ancestor_obj_by_type(topology, type, cpu);
  return object ? object->logical_index : none;
}

std::vector<CpuView> cpus_in(hwloc_topology_t topology) {
  std::vector<CpuView> out;
  hwloc_obj_t cpu = nullptr;
  while ((cpu = ::hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, cpu))) {
    CpuView view;
    view.cpu = cpu->os_index;
    view.core = number_of(topology, HWLOC_OBJ_CORE, cpu, cpu->logical_index);
    view.numa = numa_of(topology, cpu->os_index);
    view.package = number_of(topology, HWLOC_OBJ_PACKAGE, cpu, 0);
    out.push_back(view);
  }
  std::sort(out.begin(), out.end(), [](const CpuView& a, const CpuView& b) { return a.cpu < b.cpu; });
  return out;
}

void rank(std::vector<CpuView>& cpus) {
  std::map<std::uint32_t, std::uint32_t> seen;
  for (CpuView& cpu : cpus) cpu.thread = seen[cpu.core]++;
}

}  // namespace

std::vector<CpuView> read_cpus(const CpuList& allowed) {
  Topology topology = load(nullptr);
  const std::vector<CpuView> known = topology ? cpus_in(topology.get()) : std::vector<CpuView>();
  std::uint32_t next_core = 0;
  for (const CpuView& cpu : known) next_core = std::max(next_core, cpu.core + 1);
  std::vector<CpuView> out;
  out.reserve(allowed.size());
  for (std::uint32_t cpu : allowed) {
    const auto found = std::find_if(known.begin(), known.end(), [cpu](auto& each) { return each.cpu == cpu; });
    if (found != known.end()) {
      out.push_back(*found);
    } else {
      out.push_back({.cpu = cpu, .core = next_core++});
    }
  }
  rank(out);
  return out;
}

Result<std::vector<CpuView>> synthetic_cpus(const std::string& description) {
  Topology topology = load(description.c_str());
  if (!topology) {
    return Error{Code::invalid_argument,
                 "'" + description.substr(0, 128) + "' describes no machine; as in \"package:2 numa:1 core:4 pu:2\"",
                 "topology"};
  }
  std::vector<CpuView> out = cpus_in(topology.get());
  rank(out);
  return out;
}

}  // namespace chi::runtime
