// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The kernel's lines, read, and the warnings that they give rise to.
#include "benchmark/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chi::bench {
namespace {

using testing::HasSubstr;

TEST(CpuTimes, FirstLine) {
  const auto found = parse_cpu_times("cpu  10 20 30 400 500 6 7 80 9 9\ncpu0 1 2 3 4 5 6 7 8 9 10\n");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->busy, 10U + 20 + 30 + 6 + 7);
  EXPECT_EQ(found->idle, 900U);
  EXPECT_EQ(found->stolen, 80U);
}

TEST(CpuTimes, SomethingElse) {
  EXPECT_FALSE(parse_cpu_times("").ok());
  EXPECT_FALSE(parse_cpu_times("cpu 1 2 3\n").ok());
  EXPECT_FALSE(parse_cpu_times("intr 1 2 3 4 5 6 7 8 9\n").ok());
}

TEST(Machine, WarnsOfWhatDisturbs) {
  Machine machine{.cpus = 2, .load = 0.1, .busy_percent = 3, .stolen_percent = 0, .clock_ns = 20};
  EXPECT_EQ(machine.warning(), "");
  machine.load = 2.5;
  EXPECT_THAT(machine.warning(), HasSubstr("2.50"));
  machine.stolen_percent = 7;
  EXPECT_THAT(machine.warning(), HasSubstr("7.0 %"));
  machine.busy_percent = 150;
  EXPECT_THAT(machine.warning(), HasSubstr("150 %"));
  machine.cpus = 1;
  EXPECT_THAT(machine.warning(), HasSubstr("one CPU"));
}

TEST(MachineWatch, SeesThisMachine) {
  const Machine machine = MachineWatch().look();
  EXPECT_GE(machine.cpus, 1U);
  EXPECT_GT(machine.clock_ns, 0);
  EXPECT_GE(machine.stolen_percent, 0);
  EXPECT_LE(machine.stolen_percent, 100);
}

}  // namespace
}  // namespace chi::bench
