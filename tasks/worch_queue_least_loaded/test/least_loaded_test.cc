// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the policy answers to views that are made up, from one to many in a row.
#include "least_loaded.h"

#include <chimaera/test_kit.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace worch_queue_least_loaded {
namespace {

using namespace chi::worch;

constexpr std::uint64_t kPeriodNs = 100'000'000;

// A node that does what the policy says. Loads are shares of a worker's time.
class Node {
 public:
  Node(std::uint32_t workers, const std::vector<double>& loads, double task_ns = 20'000) {
    view_.period_ns = kPeriodNs;
    for (std::uint32_t i = 0; i < workers; ++i) view_.workers.push_back({.index = i});
    for (std::uint32_t i = 0; i < loads.size(); ++i) {
      view_.lanes.push_back({.pool = 3, .container = i, .worker = i % workers});
      set(i, loads[i], task_ns);
    }
  }

  void set(std::size_t lane, double load, double task_ns) {
    LaneView& view = view_.lanes[lane];
    view.handler_ns = static_cast<std::uint64_t>(load * static_cast<double>(kPeriodNs));
    view.tasks = static_cast<std::uint64_t>(std::ceil(static_cast<double>(view.handler_ns) / task_ns));
    view.longest_ns = load > 0 ? static_cast<std::uint64_t>(task_ns) : 0;
  }

  // Gives how many lanes moved. Every answer is checked as the runtime does.
  std::size_t step() {
    const auto answer = policy_.assign(view_);
    EXPECT_TRUE(answer.ok());
    last_ = answer.value_or({});
    EXPECT_EQ(last_.lanes.size(), view_.lanes.size());
    std::size_t moved = 0;
    for (std::size_t i = 0; i < last_.lanes.size(); ++i) {
      LaneView& lane = view_.lanes[i];
      const LanePlace& place = last_.lanes[i];
      EXPECT_EQ(std::pair(place.pool, place.container), std::pair(lane.pool, lane.container));
      EXPECT_TRUE(std::any_of(view_.workers.begin(), view_.workers.end(),
                              [&](const WorkerView& worker) { return worker.index == place.worker; }));
      EXPECT_EQ(place.why.empty(), place.worker == lane.worker) << place.why;
      if (place.worker != lane.worker) ++moved;
      lane.worker = place.worker;
    }
    view_.now_ns += kPeriodNs;
    return moved;
  }
  std::size_t steps(int count) {
    std::size_t moved = 0;
    for (int i = 0; i < count; ++i) moved += step();
    return moved;
  }

  std::map<std::uint32_t, double> loads() const {
    std::map<std::uint32_t, double> out;
    for (const WorkerView& worker : view_.workers) out[worker.index] = 0;
    for (const LaneView& lane : view_.lanes) out[lane.worker] += static_cast<double>(lane.handler_ns) / kPeriodNs;
    return out;
  }
  double busiest() const {
    double out = 0;
    for (const auto& [worker, load] : loads()) out = std::max(out, load);
    return out;
  }
  double imbalance() const {
    double sum = 0;
    for (const auto& [worker, load] : loads()) sum += load;
    return busiest() * static_cast<double>(view_.workers.size()) / sum;
  }
  std::set<std::uint32_t> workers_of(auto&& which) const {
    std::set<std::uint32_t> out;
    for (std::uint32_t i = 0; i < view_.lanes.size(); ++i) {
      if (which(i)) out.insert(view_.lanes[i].worker);
    }
    return out;
  }

  View& view() { return view_; }
  const LaneAssignment& last() const { return last_; }

 private:
  View view_;
  LeastLoaded policy_;
  LaneAssignment last_;
};

std::vector<double> zipf(std::size_t lanes, double total, double most) {
  std::vector<double> out(lanes);
  double sum = 0;
  for (std::size_t i = 0; i < lanes; ++i) sum += out[i] = 1 / static_cast<double>(i + 1);
  for (double& each : out) each = std::min(most, each / sum * total);
  std::shuffle(out.begin(), out.end(), std::mt19937_64(1));
  return out;
}

TEST(LeastLoaded, OneWorkerHasAll) {
  Node node(1, {0.5, 0.1, 0.0, 0.7});
  EXPECT_EQ(node.steps(3), 0u);
}

TEST(LeastLoaded, EmptyViews) {
  LeastLoaded policy;
  EXPECT_TRUE(policy.assign(View()).value().lanes.empty());
  View view;
  view.workers = {{.index = 1}};
  EXPECT_TRUE(policy.assign(view).value().lanes.empty());
  view.lanes = {{.pool = 1}};
  view.workers.clear();
  EXPECT_EQ(policy.assign(view).code(), chi::Code::failed_precondition);
}

TEST(LeastLoaded, UnknownLanesAreSpreadByCount) {
  Node node(4, std::vector<double>(10, 0.0));
  for (LaneView& lane : node.view().lanes) lane.worker = 0;
  EXPECT_EQ(node.step(), 7u);  // three of them stay
  std::map<std::uint32_t, int> count;
  for (const LaneView& lane : node.view().lanes) ++count[lane.worker];
  for (const auto& [worker, lanes] : count) EXPECT_TRUE(lanes == 2 || lanes == 3) << worker;
  EXPECT_EQ(node.steps(10), 0u);
}

TEST(LeastLoaded, ABusyWorkerGivesLanesAway) {
  Node node(2, {0.3, 0.0, 0.3, 0.0, 0.2, 0.1, 0.1, 0.0});
  EXPECT_NEAR(node.imbalance(), 1.8, 0.01);
  EXPECT_LE(node.step(), 3u);  // one of them does nothing, and is moved by count
  EXPECT_LT(node.imbalance(), 1.25);
  EXPECT_EQ(node.steps(20), 0u);
  EXPECT_NE(node.last().why.find("0 of 8 lanes moved"), std::string::npos) << node.last().why;
}

TEST(LeastLoaded, SkewedLoadsBecomeEvenByFewMoves) {
  Node node(8, zipf(400, 5.0, 0.4));
  EXPECT_GT(node.imbalance(), 1.1);
  EXPECT_LT(node.steps(10), 60u);  // the first view alone may be chance
  EXPECT_LT(node.imbalance(), 1.06);
  EXPECT_EQ(node.steps(20), 0u);
}

// Tasks come at random: loads of workers differ all the time, but by chance alone.
TEST(LeastLoaded, ChanceMovesNothing) {
  std::mt19937_64 random(7);
  Node node(8, std::vector<double>(400, 0.01));
  std::size_t moved = 0;
  for (int round = 0; round < 100; ++round) {
    for (LaneView& lane : node.view().lanes) {
      lane.tasks = std::poisson_distribution<std::uint64_t>(10)(random);
      lane.handler_ns = 0;
      lane.longest_ns = 0;
      for (std::uint64_t i = 0; i < lane.tasks; ++i) {
        const auto took = static_cast<std::uint64_t>(std::exponential_distribution<double>(1e-5)(random));
        lane.handler_ns += took;
        lane.longest_ns = std::max(lane.longest_ns, took);
      }
    }
    moved += node.step();
  }
  EXPECT_LE(moved, 4u);
}

TEST(LeastLoaded, LoadsThatShiftAreFollowed) {
  Node node(4, std::vector<double>(80, 0.02));
  EXPECT_EQ(node.steps(5), 0u);
  for (std::size_t i = 0; i < 80; i += 4) node.set(i, 0.06, 20'000);  // all of them on worker 0
  EXPECT_GT(node.imbalance(), 1.9);
  EXPECT_LE(node.steps(20), 30u);
  EXPECT_LT(node.imbalance(), 1.08);
  EXPECT_EQ(node.steps(20), 0u);
}

TEST(LeastLoaded, WhatWaitsCounts) {
  Node node(2, std::vector<double>(8, 0.1));
  node.steps(3);
  node.view().lanes[0].expected_ns = node.view().lanes[2].expected_ns = 500'000'000;
  node.step();
  EXPECT_NE(node.view().lanes[0].worker, node.view().lanes[2].worker);
}

TEST(LeastLoaded, ALaneThatFillsAWorkerHasItAlone) {
  std::vector<double> loads(12, 0.05);
  loads[3] = 0.9;
  Node node(3, loads);
  node.steps(6);
  for (std::uint32_t i = 0; i < 12; ++i) {
    EXPECT_EQ(node.view().lanes[i].worker == node.view().lanes[3].worker, i == 3) << i;
  }
  EXPECT_NEAR(node.busiest(), 0.9, 1e-9);
  EXPECT_EQ(node.steps(20), 0u);
}

TEST(LeastLoaded, TwoSuchLanesPart) {
  Node node(4, {0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1});
  node.steps(6);
  EXPECT_NEAR(node.busiest(), 0.8, 0.11);
  EXPECT_NE(node.view().lanes[0].worker, node.view().lanes[4].worker);
  EXPECT_EQ(node.steps(20), 0u);
}

TEST(LeastLoaded, FixedLanesStay) {
  Node node(2, {0.4, 0.0, 0.4, 0.0, 0.1, 0.0});
  node.view().lanes[0].fixed = node.view().lanes[2].fixed = true;
  node.view().lanes[2].declared_long = true;
  node.steps(10);
  EXPECT_EQ(node.view().lanes[0].worker, 0u);
  EXPECT_EQ(node.view().lanes[2].worker, 0u);
  EXPECT_EQ(node.view().lanes[4].worker, 1u);
}

TEST(LeastLoaded, LanesOfAWorkerThatIsGoneFindOthers) {
  Node node(4, std::vector<double>(40, 0.05));
  node.steps(3);
  node.view().workers.erase(node.view().workers.begin() + 2);
  node.view().lanes[2].fixed = true;  // on the worker that is gone
  EXPECT_GE(node.step(), 10u);
  EXPECT_NE(node.last().lanes[2].why.find("worker 2 is gone"), std::string::npos);
  EXPECT_LT(node.imbalance(), 1.06);
  EXPECT_EQ(node.steps(10), 0u);
}

TEST(LeastLoaded, ANewWorkerGetsItsShare) {
  std::vector<double> loads(64, 0.04);
  loads.resize(128, 0.0);
  Node node(4, loads);
  node.steps(5);
  node.view().workers.push_back({.index = 9});
  const std::size_t moved = node.step();
  EXPECT_GE(moved, 12u);
  EXPECT_LE(moved, 40u);
  EXPECT_LT(node.imbalance(), 1.12);
  const auto& lanes = node.view().lanes;
  EXPECT_GE(std::count_if(lanes.begin() + 64, lanes.end(), [](auto& lane) { return lane.worker == 9; }), 12);
  EXPECT_EQ(node.steps(20), 0u);
}

TEST(LeastLoaded, LongTasksGetWorkersOfTheirOwn) {
  std::vector<double> loads(32, 0.02);
  Node node(4, loads);
  for (std::uint32_t i = 0; i < 4; ++i) node.set(i, 0.1, 5'000'000);  // one on each worker
  node.steps(5);
  const auto of_long = node.workers_of([](auto i) { return i < 4; });
  const auto of_short = node.workers_of([](auto i) { return i >= 4; });
  for (const std::uint32_t worker : of_long) EXPECT_FALSE(of_short.contains(worker)) << worker;
  EXPECT_LE(node.busiest(), 0.5);
  EXPECT_EQ(node.steps(30), 0u);
}

TEST(LeastLoaded, DeclaredLongTasksAreKeptApartAtOnce) {
  Node node(2, {0.1, 0.1, 0.1, 0.1});
  node.view().lanes[0].declared_long = true;
  EXPECT_EQ(node.step(), 1u);
  EXPECT_EQ(node.workers_of([](auto i) { return i == 0; }).size(), 1u);
  EXPECT_FALSE(node.workers_of([](auto i) { return i != 0; }).contains(node.view().lanes[0].worker));
}

TEST(LeastLoaded, DedicatedWorkersAreForShortTasks) {
  Node node(2, {0.1, 0.1, 0.1, 0.1});
  node.view().workers[0].dedicated = true;
  node.view().lanes[0].declared_long = node.view().lanes[1].declared_long = true;
  node.steps(2);
  EXPECT_EQ(node.workers_of([](auto i) { return i < 2; }), (std::set<std::uint32_t>{1}));
}

// Short tasks are little of the work: alone they would leave their worker idle while the other has too much.
TEST(LeastLoaded, BalanceComesBeforeIsolation) {
  std::vector<double> loads(16, 0.02);
  Node node(2, loads);
  for (std::uint32_t i = 0; i < 8; ++i) node.set(i, 0.18, 5'000'000);
  node.steps(5);
  EXPECT_LT(node.imbalance(), 1.2);
  const auto of_short = node.workers_of([](auto i) { return i >= 8; });
  EXPECT_EQ(of_short.size(), 1u) << "one worker at least has long tasks alone";
  EXPECT_EQ(node.steps(30), 0u);
}

// Which lanes are found first, is chance: a tenth of the tasks is long in each of them.
TEST(LeastLoaded, LanesThatAllHaveLongTasksAreNotKeptApart) {
  std::mt19937_64 random(3);
  Node node(2, std::vector<double>(16, 0.07), 500'000);
  std::size_t moved = 0;
  for (int round = 0; round < 30; ++round) {
    for (LaneView& lane : node.view().lanes) lane.longest_ns = random() % 4 != 0 ? 5'000'000 : 20'000;
    moved += node.step();
  }
  EXPECT_EQ(moved, 0u);
  EXPECT_EQ(node.last().why.find("apart"), std::string::npos) << node.last().why;
}

TEST(LeastLoaded, OneSlowStepIsNoLongTask) {
  Node node(2, std::vector<double>(8, 0.05));
  node.steps(3);
  node.view().lanes[0].longest_ns = 4'000'000;
  EXPECT_EQ(node.step(), 0u);
  node.view().lanes[0].longest_ns = 20'000;
  EXPECT_EQ(node.steps(10), 0u);
}

TEST(LeastLoaded, TenThousandLanes) {
  Node node(64, zipf(10'000, 40.0, 0.5));
  const auto begin = std::chrono::steady_clock::now();
  node.steps(5);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(std::chrono::duration<double>(took).count(), 5.0) << "it is to be some milliseconds";
  EXPECT_LT(node.imbalance(), 1.08);
  EXPECT_EQ(node.steps(5), 0u);
}

TEST(LeastLoaded, TheModuleLearnsFromViewToView) {
  auto node = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  auto pool = node.create_pool("policy", {.module = "worch_queue_least_loaded"}).value();
  Node same(8, zipf(400, 5.0, 0.4));
  for (int i = 0; i < 3; ++i) {
    const View view = same.view();
    same.step();
    const LaneAssignment answer = pool.call<AssignLanes>(view).get().value();
    EXPECT_EQ(answer.why, same.last().why);
    ASSERT_EQ(answer.lanes.size(), same.last().lanes.size());
    for (std::size_t lane = 0; lane < answer.lanes.size(); ++lane) {
      EXPECT_EQ(answer.lanes[lane].worker, same.last().lanes[lane].worker);
    }
  }
}

}  // namespace
}  // namespace worch_queue_least_loaded
