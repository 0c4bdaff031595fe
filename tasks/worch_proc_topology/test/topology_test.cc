// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Machines that are made up, and who gets which of their CPUs.
#include "topology.h"

#include <chimaera/test_kit.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace worch_proc_topology {
namespace {

using namespace chi::worch;
using Set = std::set<std::uint32_t>;

// CPUs are numbered as Linux does it: the first threads of all cores, then the second ones. A package is a memory node.
View machine(std::uint32_t packages, std::uint32_t cores, std::uint32_t threads, std::uint32_t workers) {
  View view;
  for (std::uint32_t thread = 0; thread < threads; ++thread) {
    for (std::uint32_t core = 0; core < packages * cores; ++core) {
      view.cpus.push_back({.cpu = thread * packages * cores + core,
                           .core = core,
                           .thread = thread,
                           .numa = core / cores,
                           .package = core / cores});
    }
  }
  for (std::uint32_t i = 0; i < workers; ++i) {
    view.workers.push_back({.index = i});
    for (const CpuView& cpu : view.cpus) view.workers.back().cpus.push_back(cpu.cpu);
  }
  return view;
}

// Does what is answered, and gives it. Each worker of the view is there once, with CPUs of the view.
std::map<std::uint32_t, Set> settled(View& view) {
  const CpuAssignment answer = assign(view).value();
  std::map<std::uint32_t, Set> out;
  for (const WorkerPlace& place : answer.workers) {
    EXPECT_TRUE(out.emplace(place.worker, Set(place.cpus.begin(), place.cpus.end())).second) << place.worker;
    EXPECT_FALSE(place.cpus.empty());
    EXPECT_FALSE(place.why.empty());
    for (const std::uint32_t cpu : place.cpus) {
      EXPECT_TRUE(std::any_of(view.cpus.begin(), view.cpus.end(), [&](auto& each) { return each.cpu == cpu; })) << cpu;
    }
  }
  EXPECT_EQ(out.size(), view.workers.size());
  for (WorkerView& worker : view.workers) worker.cpus.assign(out[worker.index].begin(), out[worker.index].end());
  return out;
}

Set all_cpus(const std::map<std::uint32_t, Set>& places) {
  Set out;
  for (const auto& [worker, cpus] : places) out.insert(cpus.begin(), cpus.end());
  return out;
}

TEST(Topology, CoresComeBeforeSecondThreads) {
  View view = machine(1, 4, 2, 4);
  EXPECT_EQ(all_cpus(settled(view)), (Set{0, 1, 2, 3}));
  view = machine(1, 4, 2, 6);
  const Set cpus = all_cpus(settled(view));
  EXPECT_EQ(cpus.size(), 6u);
  for (const std::uint32_t first : {0, 1, 2, 3}) EXPECT_TRUE(cpus.contains(first)) << first;
}

TEST(Topology, WorkersStayTogether) {
  View view = machine(2, 4, 2, 4);
  EXPECT_EQ(all_cpus(settled(view)), (Set{0, 1, 2, 3}));
  view = machine(2, 4, 2, 6);  // cores of the other package are better than second threads
  const Set cpus = all_cpus(settled(view));
  EXPECT_TRUE(std::all_of(cpus.begin(), cpus.end(), [](std::uint32_t cpu) { return cpu < 8; }));
  view = machine(2, 4, 1, 3);
  for (std::uint32_t cpu = 0; cpu < 3; ++cpu) view.cpus[cpu].other_load = 900;
  EXPECT_TRUE(all_cpus(settled(view)).contains(4)) << "the package that others keep busy is left alone";
  EXPECT_EQ(all_cpus(settled(view)), (Set{4, 5, 6}));
}

TEST(Topology, CpusThatOthersUseComeLast) {
  View view = machine(1, 4, 1, 2);
  view.cpus[0].other_load = 800;
  view.cpus[1].other_load = 300;
  EXPECT_EQ(all_cpus(settled(view)), (Set{2, 3}));
}

TEST(Topology, NoCpuIsSharedWithoutNeed) {
  View view = machine(1, 2, 2, 4);
  view.cpus[0].other_load = 1000;
  EXPECT_EQ(all_cpus(settled(view)).size(), 4u);
  view = machine(1, 2, 1, 5);
  std::map<std::uint32_t, int> workers;
  for (const auto& [worker, cpus] : settled(view)) ++workers[*cpus.begin()];
  EXPECT_EQ(std::max(workers[0], workers[1]), 3);
  view = machine(1, 1, 1, 3);
  EXPECT_EQ(all_cpus(settled(view)), (Set{0}));
}

TEST(Topology, ControlGroupsLimitCpus) {
  View view = machine(2, 4, 2, 4);
  view.cpu_limit = 1;
  EXPECT_EQ(all_cpus(settled(view)).size(), 1u);
  view.cpu_limit = 2;
  EXPECT_EQ(all_cpus(settled(view)).size(), 2u);
  view.cpu_limit = 100;
  EXPECT_EQ(all_cpus(settled(view)).size(), 4u);
}

TEST(Topology, DedicatedWorkersGetWholeCores) {
  View view = machine(1, 4, 2, 5);
  view.workers[1].dedicated = view.workers[3].dedicated = true;
  const auto places = settled(view);
  EXPECT_EQ(places.at(1).size(), 2u);
  EXPECT_EQ(*places.at(1).rbegin() - *places.at(1).begin(), 4u) << "two threads of one core";
  for (const auto& [worker, cpus] : places) {
    for (const auto& [other, others] : places) {
      if (worker == other) continue;
      for (const std::uint32_t cpu : cpus) EXPECT_FALSE(others.contains(cpu)) << worker << " and " << other;
    }
  }
  view = machine(1, 2, 2, 4);  // nothing to spare
  view.workers[0].dedicated = true;
  EXPECT_EQ(settled(view).at(0).size(), 1u);
  EXPECT_EQ(all_cpus(settled(view)).size(), 4u);
  view = machine(1, 4, 2, 2);
  view.workers[0].dedicated = true;
  view.cpu_limit = 2;
  EXPECT_EQ(settled(view).at(0).size(), 1u);
}

TEST(Topology, WhoIsWellPlacedStays) {
  View view = machine(2, 4, 2, 5);
  view.workers[4].dedicated = true;
  const auto before = settled(view);
  EXPECT_EQ(settled(view), before);
  for (CpuView& cpu : view.cpus) cpu.other_load = cpu.cpu * 10 % 200;  // a little, here and there
  EXPECT_EQ(settled(view), before);
  view.workers.erase(view.workers.begin() + 1);
  const Set left = before.at(1);
  for (const auto& [worker, cpus] : settled(view)) {
    const bool was_abroad = *before.at(worker).begin() == 4;  // there is room for it now
    EXPECT_EQ(cpus, was_abroad ? left : before.at(worker)) << worker;
  }
}

TEST(Topology, ACpuThatIsTakenAwayIsLeft) {
  View view = machine(1, 4, 1, 3);
  const auto before = settled(view);
  std::erase_if(view.cpus, [](const CpuView& cpu) { return cpu.cpu == 1; });
  EXPECT_EQ(all_cpus(settled(view)), (Set{0, 2, 3}));
  view.cpus.resize(1);
  EXPECT_EQ(all_cpus(settled(view)), (Set{0}));
}

TEST(Topology, EmptyViews) {
  EXPECT_TRUE(assign(View()).value().workers.empty());
  View view = machine(1, 1, 1, 1);
  view.cpus.clear();
  EXPECT_EQ(assign(view).code(), chi::Code::failed_precondition);
}

TEST(Topology, TheModuleAnswersForALargeMachine) {
  auto node = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  auto pool = node.create_pool("policy", {.module = "worch_proc_topology"}).value();
  const View view = machine(2, 64, 2, 128);
  const CpuAssignment answer = pool.call<AssignCpus>(view).get().value();
  Set cpus;
  for (const WorkerPlace& place : answer.workers) cpus.insert(place.cpus.begin(), place.cpus.end());
  EXPECT_EQ(cpus.size(), 128u);
  EXPECT_EQ(*cpus.rbegin(), 127u) << "the first threads of all cores";
  EXPECT_EQ(answer.why, "128 workers on 128 of 256 CPUs");
}

}  // namespace
}  // namespace worch_proc_topology
