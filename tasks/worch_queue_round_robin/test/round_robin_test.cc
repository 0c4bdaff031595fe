// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Who gets which lane, of the function and of the module.
#include "round_robin.h"

#include <chimaera/test_kit.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace worch_queue_round_robin {
namespace {

using namespace chi::worch;

View view_of(std::uint32_t workers, std::uint32_t lanes) {
  View view;
  for (std::uint32_t i = 0; i < workers; ++i) view.workers.push_back({.index = i});
  for (std::uint32_t i = 0; i < lanes; ++i) view.lanes.push_back({.pool = 7, .container = i});
  return view;
}

std::vector<std::uint32_t> places(const LaneAssignment& answer) {
  std::vector<std::uint32_t> out;
  for (const LanePlace& place : answer.lanes) out.push_back(place.worker);
  return out;
}

TEST(RoundRobin, LanesTakeTurns) {
  const View view = view_of(3, 7);
  EXPECT_EQ(places(assign(view).value()), (std::vector<std::uint32_t>{0, 1, 2, 0, 1, 2, 0}));
  EXPECT_EQ(places(assign(view_of(1, 3)).value()), (std::vector<std::uint32_t>{0, 0, 0}));
}

TEST(RoundRobin, WorkersAreThoseOfTheView) {
  View view = view_of(0, 4);
  view.workers = {{.index = 5}, {.index = 2}};
  EXPECT_EQ(places(assign(view).value()), (std::vector<std::uint32_t>{2, 5, 2, 5}));
}

TEST(RoundRobin, TheOrderOfTheViewMakesNoDifference) {
  View view = view_of(3, 7);
  std::reverse(view.lanes.begin(), view.lanes.end());
  std::reverse(view.workers.begin(), view.workers.end());
  EXPECT_EQ(places(assign(view).value()), places(assign(view_of(3, 7)).value()));
}

TEST(RoundRobin, FixedLanesStay) {
  View view = view_of(2, 4);
  view.lanes[0] = {.pool = 7, .container = 0, .worker = 1, .fixed = true};
  EXPECT_EQ(places(assign(view).value()), (std::vector<std::uint32_t>{1, 1, 0, 1}));
  view.lanes[0].worker = 9;  // which is gone
  EXPECT_EQ(places(assign(view).value()), (std::vector<std::uint32_t>{0, 1, 0, 1}));
}

TEST(RoundRobin, OnlyMovedLanesSayWhy) {
  const LaneAssignment answer = assign(view_of(2, 2)).value();
  EXPECT_EQ(answer.lanes[0].why, "");
  EXPECT_EQ(answer.lanes[1].why, "its turn");
  EXPECT_EQ(answer.why, "2 lanes in turn over 2 workers");
}

TEST(RoundRobin, EmptyViews) {
  EXPECT_TRUE(assign(View()).value().lanes.empty());
  EXPECT_TRUE(assign(view_of(2, 0)).value().lanes.empty());
  EXPECT_EQ(assign(view_of(0, 1)).code(), chi::Code::failed_precondition);
}

TEST(RoundRobin, TheModuleAnswers) {
  auto node = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  auto pool = node.create_pool("policy", {.module = "worch_queue_round_robin"}).value();
  const View view = view_of(64, 10'000);
  EXPECT_EQ(places(pool.call<AssignLanes>(view).get().value()), places(assign(view).value()));
  EXPECT_EQ(pool.call<AssignLanes>(view_of(0, 1)).get().code(), chi::Code::failed_precondition);
}

}  // namespace
}  // namespace worch_queue_round_robin
