// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements slots.h.
#include "slots.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace worch_proc_topology {

using namespace chi::worch;

namespace {

constexpr std::uint32_t kStep = 250;   // differences of other processes' load below it are not worth a move
constexpr double kSecondThread = 0.6;  // what a core's second thread is worth beside the first
constexpr double kOtherNode = 0.9;
constexpr double kOtherPackage = 0.85;
constexpr double kStay = 1.02;  // decides between equals
constexpr double kStayAtHome = 1.1;

}  // namespace

Slots::Slots(const View& view, std::size_t workers) : left_(workers) {
  std::unordered_set<std::uint32_t> used;  // by workers that have one CPU, or one core, to themselves
  for (const WorkerView& worker : view.workers) {
    if (worker.cpus.size() < view.cpus.size() || view.cpus.size() == 1)
      used.insert(worker.cpus.begin(), worker.cpus.end());
  }
  cpus_.reserve(view.cpus.size());
  for (const CpuView& cpu : view.cpus) {
    const std::uint32_t busy = std::min<std::uint32_t>(cpu.other_load, 1000) / kStep * kStep;
    cpus_.push_back({cpu, 1000 - std::min<std::uint32_t>(busy, 900), 0, used.contains(cpu.cpu), false});
  }
  std::sort(cpus_.begin(), cpus_.end(), [](const Cpu& a, const Cpu& b) { return a.view.cpu < b.view.cpu; });
  limit_ = view.cpu_limit == 0 ? cpus_.size() : std::min<std::size_t>(view.cpu_limit, cpus_.size());
  home_ = best_node();
}

// The one whose CPUs are worth most for as many workers as there are.
Slots::Node Slots::best_node() const {
  std::map<Node, std::vector<double>> worths;
  std::map<Node, std::size_t> residents;
  std::map<std::pair<Node, std::uint32_t>, int> seen;
  for (const Cpu& cpu : cpus_) {
    const bool second = seen[{node_of(cpu), cpu.view.core}]++ != 0;
    worths[node_of(cpu)].push_back(cpu.free * (second ? kSecondThread : 1));
    residents[node_of(cpu)] += cpu.had_worker ? 1 : 0;
  }
  Node best{};
  double most = -1;
  for (auto& [node, values] : worths) {
    std::sort(values.begin(), values.end(), std::greater<>());
    double sum = 0;
    for (std::size_t i = 0; i < std::min({values.size(), left_, limit_}); ++i) sum += values[i];
    const bool lived_in = std::all_of(residents.begin(), residents.end(),
                                      [&](const auto& each) { return each.second <= residents[node]; });
    if (lived_in && residents[node] != 0) sum *= kStayAtHome;
    if (sum > most) best = node;
    most = std::max(most, sum);
  }
  return best;
}

bool Slots::core_in_use(const Cpu& cpu) const {
  return std::any_of(cpus_.begin(), cpus_.end(), [&](const Cpu& other) {
    return other.view.cpu != cpu.view.cpu && other.workers != 0 && other.view.core == cpu.view.core &&
           node_of(other) == node_of(cpu);
  });
}

double Slots::worth(const Cpu& cpu) const {
  double out = cpu.free;
  if (core_in_use(cpu)) out *= kSecondThread;
  if (cpu.view.package != home_.first) {
    out *= kOtherPackage;
  } else if (cpu.view.numa != home_.second) {
    out *= kOtherNode;
  }
  return cpu.had_worker ? out * kStay : out;
}

// Whether the workers to come would still have a CPU each if nobody else used this one's core.
bool Slots::whole_core_fits(const Cpu& cpu) const {
  if (limit_ < cpus_.size() || cpu.workers != 0 || core_in_use(cpu)) return false;
  const auto others = std::count_if(cpus_.begin(), cpus_.end(), [&](const Cpu& other) {
    const bool same = other.view.core == cpu.view.core && node_of(other) == node_of(cpu);
    return !same && !other.reserved && other.workers == 0;
  });
  return static_cast<std::size_t>(others) >= left_;
}

Slot Slots::choose(bool dedicated) {
  --left_;
  Cpu* best = nullptr;
  for (Cpu& cpu : cpus_) {
    if (cpu.reserved || (used_ == limit_ && cpu.workers == 0)) continue;
    if (!best || cpu.workers < best->workers || (cpu.workers == best->workers && worth(cpu) > worth(*best)))
      best = &cpu;
  }
  Slot out{{best->view.cpu}, best->view.core, best->view.numa, best->workers, false, core_in_use(*best)};
  if (dedicated && whole_core_fits(*best)) {
    out.whole_core = true;
    out.cpus.clear();
    for (Cpu& cpu : cpus_) {
      if (cpu.view.core != best->view.core || node_of(cpu) != node_of(*best)) continue;
      cpu.reserved = true;
      out.cpus.push_back(cpu.view.cpu);
    }
  }
  if (best->workers++ == 0) ++used_;
  return out;
}

}  // namespace worch_proc_topology
