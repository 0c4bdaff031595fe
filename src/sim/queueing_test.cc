// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Each rule of the model, with tasks whose times are known.
#include "sim/queueing.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace chi::sim {
namespace {

class Given final : public Load {
 public:
  Given(std::uint32_t lanes, std::vector<Arrival> arrivals) : lanes_(lanes), arrivals_(std::move(arrivals)) {}
  std::uint32_t lanes() const noexcept override { return lanes_; }
  bool next(Arrival& out) override {
    if (next_ == arrivals_.size()) return false;
    out = arrivals_[next_++];
    return true;
  }

 private:
  std::uint32_t lanes_;
  std::vector<Arrival> arrivals_;
  std::size_t next_ = 0;
};

TEST(Queueing, OneTaskAfterTheOther) {
  Given load(2, {{100, 0, 50}, {110, 0, 50}, {110, 1, 10}});
  Queueing node(1, 2, 0);
  node.advance(load, 1000);
  const worch::View view = node.take_view();
  EXPECT_EQ(view.period_ns, 1000u);
  EXPECT_EQ(view.workers[0].busy_ns, 110u);
  EXPECT_EQ(view.workers[0].tasks, 3u);
  EXPECT_EQ(view.lanes[0].tasks, 2u);
  EXPECT_EQ(view.lanes[0].handler_ns, 100u);
  EXPECT_EQ(view.lanes[0].longest_ns, 50u);
  EXPECT_EQ(view.lanes[1].wait_ns, 40u) << "lanes take turns";
  EXPECT_EQ(view.lanes[0].wait_ns, 50u);
  EXPECT_EQ(node.done(), 3u);
}

TEST(Queueing, AViewBeginsAnew) {
  Given load(1, {{0, 0, 100}, {0, 0, 100}, {0, 0, 100}});
  Queueing node(1, 1, 0);
  node.advance(load, 150);
  worch::View view = node.take_view();
  EXPECT_EQ(view.workers[0].busy_ns, 150u);
  EXPECT_EQ(view.workers[0].in_handler_ns, 50u);
  EXPECT_EQ(view.workers[0].queued, 1u);
  EXPECT_EQ(view.lanes[0].queued, 1u);
  EXPECT_EQ(view.lanes[0].running, 2u);
  EXPECT_EQ(view.lanes[0].expected_ns, 100u);
  node.advance(load, 400);
  view = node.take_view();
  EXPECT_EQ(view.period_ns, 250u);
  EXPECT_EQ(view.workers[0].busy_ns, 150u);
  EXPECT_EQ(view.workers[0].in_handler_ns, 0u);
  EXPECT_EQ(view.lanes[0].tasks, 2u);
  EXPECT_EQ(view.lanes[0].expected_ns, 0u);
}

TEST(Queueing, ALaneMovesBetweenTasksAndPauses) {
  Given load(1, {{0, 0, 100}, {0, 0, 100}});
  Queueing node(2, 1, 30);
  node.advance(load, 50);
  node.move(0, 1);
  EXPECT_EQ(node.take_view().lanes[0].worker, 0u) << "not while its task runs";
  node.advance(load, 110);
  worch::View view = node.take_view();
  EXPECT_EQ(view.lanes[0].worker, 1u);
  EXPECT_EQ(view.workers[1].in_handler_ns, 0u);
  node.advance(load, 131);
  EXPECT_EQ(node.take_view().workers[1].in_handler_ns, 1u);
  node.advance(load, 300);
  EXPECT_EQ(node.done(), 2u);
}

TEST(Queueing, ALaneThatWaitsTakesItsTasksAlong) {
  Given load(3, {{0, 0, 100}, {0, 2, 10}, {1, 2, 20}});
  Queueing node(2, 3, 0);
  node.advance(load, 5);
  node.move(2, 1);
  node.advance(load, 200);
  const worch::View view = node.take_view();
  EXPECT_EQ(view.lanes[2].tasks, 2u);
  EXPECT_EQ(view.lanes[2].wait_ns, 5u + 14u);
  EXPECT_EQ(view.workers[1].tasks, 2u);
  EXPECT_EQ(node.queued(), 0u);
}

TEST(Queueing, ThereAndBackLosesNothing) {
  std::vector<Arrival> arrivals;
  for (std::uint64_t i = 0; i < 1000; ++i) arrivals.push_back({i * 10, static_cast<std::uint32_t>(i % 3), 25});
  Given load(3, arrivals);
  Queueing node(3, 3, 15);
  for (std::uint64_t at = 7; at < 40'000; at += 7) {
    node.advance(load, at);
    node.move(static_cast<std::uint32_t>(at % 3), static_cast<std::uint32_t>(at / 7 % 3));
  }
  EXPECT_EQ(node.done(), 1000u);
  EXPECT_EQ(node.take().waits.count(), 1000u);
}

TEST(Queueing, WorkIsCountedWhereItCame) {
  Given load(2, {{0, 0, 10}, {0, 1, 30}, {5, 1, 30}});
  Queueing node(2, 2, 0);
  node.advance(load, 1000);
  EXPECT_EQ(node.take().work_ns, (std::vector<std::uint64_t>{10, 60}));
  EXPECT_EQ(node.take().work_ns, (std::vector<std::uint64_t>{0, 0}));
}

TEST(WaitHistogram, Percentiles) {
  WaitHistogram waits;
  EXPECT_EQ(waits.percentile_ns(0.5), 0u);
  for (std::uint64_t i = 1; i <= 1000; ++i) waits.add(i * 1000);
  EXPECT_NEAR(static_cast<double>(waits.percentile_ns(0.5)), 500e3, 20e3);
  EXPECT_NEAR(static_cast<double>(waits.percentile_ns(0.99)), 990e3, 32e3);
  WaitHistogram other;
  other.add(0);
  other.add(~std::uint64_t{0});
  other.add(waits);
  EXPECT_EQ(other.count(), 1002u);
  EXPECT_EQ(other.percentile_ns(0), 0u);
  EXPECT_GE(other.percentile_ns(1), std::uint64_t{1} << 63);
}

}  // namespace
}  // namespace chi::sim
