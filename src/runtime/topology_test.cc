// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Machines that are described, and the one that is here.
#include "runtime/topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace chi::runtime {
namespace {

TEST(Topology, CoresThreadsNodesAndPackages) {
  const auto cpus = synthetic_cpus("package:2 numa:1 core:3 pu:2").value();
  ASSERT_EQ(cpus.size(), 12U);
  for (std::uint32_t i = 0; i < 12; ++i) {
    EXPECT_EQ(cpus[i].cpu, i);
    EXPECT_EQ(cpus[i].core, i / 2);
    EXPECT_EQ(cpus[i].thread, i % 2);
    EXPECT_EQ(cpus[i].numa, i / 6);
    EXPECT_EQ(cpus[i].package, i / 6);
    EXPECT_EQ(cpus[i].other_load, 0U);
  }
}

TEST(Topology, SeveralNodesInAPackage) {
  const auto cpus = synthetic_cpus("package:1 numa:2 core:2 pu:1").value();
  ASSERT_EQ(cpus.size(), 4U);
  EXPECT_EQ(cpus[1].numa, 0U);
  EXPECT_EQ(cpus[2].numa, 1U);
  EXPECT_EQ(cpus[3].package, 0U);
  EXPECT_EQ(cpus[3].thread, 0U);
}

// As x86 kernels number them: first one thread of each core, then the others.
TEST(Topology, SiblingsThatAreNotNeighbours) {
  const auto cpus = synthetic_cpus("core:2 pu:2(indexes=0,2,1,3)").value();
  ASSERT_EQ(cpus.size(), 4U);
  EXPECT_EQ(cpus[0].core, cpus[2].core);
  EXPECT_EQ(cpus[1].core, cpus[3].core);
  EXPECT_NE(cpus[0].core, cpus[1].core);
  EXPECT_EQ(cpus[0].thread, 0U);
  EXPECT_EQ(cpus[1].thread, 0U);
  EXPECT_EQ(cpus[2].thread, 1U);
}

TEST(Topology, WhatDescribesNothingIsRefused) {
  for (const char* description : {"", "nonsense", "package:", "core:2 core:2 pu:-1"}) {
    EXPECT_EQ(synthetic_cpus(description).code(), Code::invalid_argument) << description;
  }
}

TEST(Topology, OfThisMachineWhatIsAllowed) {
  const CpuList allowed = cpus_of_thread(0);
  const auto cpus = read_cpus(allowed);
  ASSERT_EQ(cpus.size(), allowed.size());
  std::set<std::pair<std::uint32_t, std::uint32_t>> places;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    EXPECT_EQ(cpus[i].cpu, allowed[i]);
    EXPECT_TRUE(places.emplace(cpus[i].core, cpus[i].thread).second) << "two CPUs in one place";
  }
  EXPECT_EQ(cpus_of_thread(0), allowed) << "looking has bound the thread";
  const auto last = read_cpus({allowed.back()});
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].cpu, allowed.back());
  EXPECT_EQ(last[0].thread, 0U);
}

TEST(Topology, AnUnknownCpuIsACoreOfItsOwn) {
  const CpuList allowed = cpus_of_thread(0);
  const auto cpus = read_cpus({allowed.front(), 60'000, 60'001});
  ASSERT_EQ(cpus.size(), 3U);
  EXPECT_EQ(cpus[1].cpu, 60'000U);
  EXPECT_NE(cpus[1].core, cpus[0].core);
  EXPECT_NE(cpus[1].core, cpus[2].core);
}

}  // namespace
}  // namespace chi::runtime
