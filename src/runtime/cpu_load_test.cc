// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Loads from files as the kernel writes them, and from this one's.
#include "runtime/cpu_load.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/thread_place.h"

namespace chi::runtime {
namespace {

class CpuLoadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "chimaera-proc-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    proc_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(proc_); }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(proc_ + path).parent_path());
    std::ofstream(proc_ + path) << text;
  }
  void write_thread(pid_t thread, std::uint64_t user, std::uint64_t system, std::uint32_t cpu) const {
    std::string line = std::to_string(thread) + " (a) name) of (ours) R 1 1 1 0 -1 4194304 100 0 0 0 ";
    line += std::to_string(user) + " " + std::to_string(system);
    for (int field = 16; field < 39; ++field) line += " 7";
    write("/self/task/" + std::to_string(thread) + "/stat", line + " " + std::to_string(cpu) + " 0 0 0\n");
  }

  std::string proc_;
  std::vector<worch::CpuView> cpus_{{.cpu = 0}, {.cpu = 1}, {.cpu = 5}};
};

TEST_F(CpuLoadTest, OthersAreWhatOursAreNot) {
  CpuLoad load(proc_);
  write("/stat", "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 0 0 900 0 0 0 0 0 0\ncpu1 0 0 0 1000 0 0 0 0 0 0\nintr 1 2 3\n");
  write_thread(11, 40, 10, 0);
  load.look(cpus_, {11});
  for (auto& cpu : cpus_) EXPECT_EQ(cpu.other_load, 0U);
  // CPU 0: 80 busy of 100, of which 50 ours. CPU 1: 20 of 100, by its interrupts and its host; waiting is not busy.
  write("/stat",
        "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 150 10 20 920 0 0 0 0 0 0\ncpu1 0 0 0 1060 20 5 5 10 0 0\nintr 1 2 3\n");
  write_thread(11, 70, 30, 0);
  load.look(cpus_, {11});
  EXPECT_EQ(cpus_[0].other_load, 300U);
  EXPECT_EQ(cpus_[1].other_load, 200U);
  EXPECT_EQ(cpus_[2].other_load, 0U) << "a CPU that is not there";
}

TEST_F(CpuLoadTest, NothingBelowNothingAndNothingAboveAll) {
  CpuLoad load(proc_);
  write("/stat", "cpu0 0 0 0 100 0 0 0 0 0 0\ncpu1 0 0 0 100 0 0 0 0 0 0\n");
  load.look(cpus_, {});
  write("/stat", "cpu0 10 0 0 190 0 0 0 0 0 0\ncpu1 100 0 0 100 0 0 0 0 0 0\n");
  write_thread(12, 400, 0,
               0);             // more than the CPU has been busy: it was elsewhere most of the time
  load.look(cpus_, {12, 13});  // 13 has ended
  EXPECT_EQ(cpus_[0].other_load, 0U);
  EXPECT_EQ(cpus_[1].other_load, 1000U);
  load.look(cpus_, {12});
  EXPECT_EQ(cpus_[1].other_load, 0U) << "no time has passed";
}

TEST_F(CpuLoadTest, WhatIsDamagedCountsAsNothing) {
  CpuLoad load(proc_);
  load.look(cpus_, {1});
  write("/stat", "cpu0\ncpux 1 2\ncpu1 a b c\ncpu");
  write("/self/task/1/stat", "1 (short) R 1\n");
  load.look(cpus_, {1});
  load.look(cpus_, {1});
  for (auto& cpu : cpus_) EXPECT_EQ(cpu.other_load, 0U);
}

// Our own time on this machine's files: what this thread burns is not others'.
TEST(CpuLoadOfThisMachine, IsAShare) {
  std::vector<worch::CpuView> cpus;
  for (std::uint32_t cpu : cpus_of_thread(0)) cpus.push_back({.cpu = cpu});
  CpuLoad load;
  load.look(cpus, {::gettid()});
  for (int round = 0; round < 3; ++round) {
    load.look(cpus, {::gettid()});
    for (auto& cpu : cpus) EXPECT_LE(cpu.other_load, 1000U);
  }
}

}  // namespace
}  // namespace chi::runtime
