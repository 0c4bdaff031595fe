// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "base/usable_cpus.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace chi {
namespace {

namespace fs = std::filesystem;

class CgroupCpus : public ::testing::Test {
 protected:
  CgroupCpus() {
    std::string name = (fs::temp_directory_path() / "cgroups-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~CgroupCpus() override { fs::remove_all(root_); }

  void put(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  std::optional<double> cpus(std::string_view memberships) const { return cgroup_cpus(memberships, root_.string()); }

  fs::path root_;
};

TEST_F(CgroupCpus, NoLimitWhereNoGroupHasOne) {
  EXPECT_EQ(cpus("0::/\n"), std::nullopt);
  put("user.slice/cpu.max", "max 100000\n");
  EXPECT_EQ(cpus("0::/user.slice\n"), std::nullopt);
  put("cpu/cpu.cfs_quota_us", "-1\n");
  put("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus("3:cpu:/\n"), std::nullopt);
}

TEST_F(CgroupCpus, TheLeastOnTheWayUpCounts) {
  put("a/cpu.max", "150000 100000\n");
  put("a/b/cpu.max", "400000 100000\n");
  put("a/b/c/cpu.max", "max 100000\n");
  put("other/cpu.max", "1000 100000\n");
  EXPECT_EQ(cpus("0::/a/b/c\n"), 1.5);
  put("a/b/cpu.max", "50000 200000\n");
  EXPECT_EQ(cpus("0::/a/b/c\n"), 0.25);
}

TEST_F(CgroupCpus, TheFirstVersionHasItsControllersApart) {
  put("cpu,cpuacct/docker/cpu.cfs_quota_us", "300000\n");
  put("cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
  put("memory/docker/cpu.cfs_quota_us", "100000\n");
  put("memory/docker/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus("7:memory:/docker\n4:cpu,cpuacct:/docker\n1:name=systemd:/docker\n"), 3.0);
}

// A container sees its own group as the root of what is mounted, whatever its path says.
TEST_F(CgroupCpus, AGroupThatIsNotThereToBeSeenIsLookedForAtTheRoot) {
  put("cpu.max", "200000 100000\n");
  EXPECT_EQ(cpus("0::/docker/0123456789abcdef\n"), 2.0);
  EXPECT_EQ(cpus("0::/../..\n"), 2.0);
}

TEST_F(CgroupCpus, WhatCannotBeUnderstoodIsNoLimit) {
  for (const char* text : {"", "\n", "100000", "x y\n", "100000 0\n", "-5 100000\n", "\xff\xfe"}) {
    put("cpu.max", text);
    EXPECT_EQ(cpus("0::/\n"), std::nullopt) << text;
  }
  put("cpu.max", "100000 100000\n");
  for (const char* text : {"", "0", "0:", "::\n:::", "no colons at all\n"}) {
    if (const auto found = cpus(text)) EXPECT_EQ(*found, 1.0) << text;
  }
}

TEST(UsableCpus, FollowsTheAffinityOfTheThread) {
  const unsigned all = usable_cpus();
  EXPECT_GE(all, 1u);
  EXPECT_LE(all, std::max(1U, std::thread::hardware_concurrency()));
  std::jthread([] {
    cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    int one = 0;
    while (!CPU_ISSET(one, &allowed)) ++one;
    CPU_ZERO(&allowed);
    CPU_SET(one, &allowed);
    ASSERT_EQ(::sched_setaffinity(0, sizeof allowed, &allowed), 0);
    EXPECT_EQ(usable_cpus(), 1u);
  }).join();
}

}  // namespace
}  // namespace chi
