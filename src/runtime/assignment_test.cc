// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What of a policy's answer can be done.
#include "runtime/assignment.h"

#include <gtest/gtest.h>

namespace chi::runtime {
namespace {

worch::View view() {
  worch::View out;
  out.workers.resize(2);
  out.workers[1].index = 3;
  out.lanes.resize(2);
  out.lanes[0].pool = out.lanes[1].pool = 7;
  out.lanes[1].container = 1;
  out.cpus.resize(2);
  out.cpus[1].cpu = 5;
  return out;
}

TEST(Assignment, OfLanesIsForEachOnceAndForWorkersThatThereAre) {
  const worch::View seen = view();
  EXPECT_TRUE(check_assignment(seen, worch::LaneAssignment{"", {{7, 0, 3, ""}, {7, 1, 0, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::LaneAssignment{"", {{7, 0, 3, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::LaneAssignment{"", {{7, 0, 3, ""}, {7, 0, 3, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::LaneAssignment{"", {{7, 0, 3, ""}, {8, 1, 0, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::LaneAssignment{"", {{7, 0, 1, ""}, {7, 1, 0, ""}}}).ok());
}

TEST(Assignment, LeavesAFixedLaneWhereItIs) {
  worch::View seen = view();
  seen.lanes[0].fixed = true;
  seen.lanes[0].worker = 2;  // which is not active any more
  EXPECT_TRUE(check_assignment(seen, worch::LaneAssignment{"", {{7, 0, 2, ""}, {7, 1, 0, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::LaneAssignment{"", {{7, 0, 3, ""}, {7, 1, 0, ""}}}).ok());
}

TEST(Assignment, OfCpusIsForEachWorkerOnceAndOfCpusThatThereAre) {
  const worch::View seen = view();
  EXPECT_TRUE(check_assignment(seen, worch::CpuAssignment{"", {{0, {0}, ""}, {3, {0, 5}, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::CpuAssignment{"", {{0, {0}, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::CpuAssignment{"", {{0, {0}, ""}, {0, {5}, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::CpuAssignment{"", {{0, {0}, ""}, {3, {}, ""}}}).ok());
  EXPECT_FALSE(check_assignment(seen, worch::CpuAssignment{"", {{0, {0}, ""}, {3, {1}, ""}}}).ok());
}

}  // namespace
}  // namespace chi::runtime
