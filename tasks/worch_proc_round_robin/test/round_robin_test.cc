// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Who runs where, of the function and of the module.
#include "round_robin.h"

#include <chimaera/test_kit.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace worch_proc_round_robin {
namespace {

using namespace chi::worch;
using Cpus = std::vector<std::vector<std::uint32_t>>;

View view_of(std::uint32_t workers, const std::vector<std::uint32_t>& cpus) {
  View view;
  for (std::uint32_t i = 0; i < workers; ++i) view.workers.push_back({.index = i});
  for (const std::uint32_t cpu : cpus) view.cpus.push_back({.cpu = cpu});
  return view;
}

Cpus places(const CpuAssignment& answer) {
  Cpus out;
  for (const WorkerPlace& place : answer.workers) out.push_back(place.cpus);
  return out;
}

TEST(RoundRobin, WorkersTakeTurns) {
  EXPECT_EQ(places(assign(view_of(3, {6, 4})).value()), (Cpus{{4}, {6}, {4}}));
  EXPECT_EQ(places(assign(view_of(1, {2, 3})).value()), (Cpus{{2}}));
}

TEST(RoundRobin, NamesTheWorkersOfTheView) {
  View view = view_of(0, {0, 1});
  view.workers = {{.index = 8}, {.index = 3}};
  const CpuAssignment answer = assign(view).value();
  ASSERT_EQ(answer.workers.size(), 2u);
  EXPECT_EQ(answer.workers[0].worker, 3u);
  EXPECT_EQ(answer.workers[1].worker, 8u);
}

TEST(RoundRobin, EmptyViews) {
  EXPECT_TRUE(assign(View()).value().workers.empty());
  EXPECT_TRUE(assign(view_of(0, {1})).value().workers.empty());
  EXPECT_EQ(assign(view_of(1, {})).code(), chi::Code::failed_precondition);
}

TEST(RoundRobin, TheModuleAnswers) {
  auto node = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  auto pool = node.create_pool("policy", {.module = "worch_proc_round_robin"}).value();
  const View view = view_of(5, {0, 1, 2});
  EXPECT_EQ(places(pool.call<AssignCpus>(view).get().value()), places(assign(view).value()));
}

}  // namespace
}  // namespace worch_proc_round_robin
