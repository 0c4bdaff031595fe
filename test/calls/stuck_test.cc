// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A handler that does not come back: its caller is answered by the deadline, all other lanes go on, status names it,
// and its container serves again once the handler has ended.
#include <algorithm>

#include "common/small_node.h"

namespace chi::test {
namespace {

using namespace std::chrono_literals;

class Stuck : public SmallNode {
 protected:
  void SetUp() override { start("runtime:\n  stuck_after: 20ms\n"); }

  // That of a container of the pool, as `chimaera top` has it; it has had a task.
  admin::LaneCounters lane(std::uint32_t container) const {
    const auto reply = client_->admin().call<admin::Lanes>(std::uint64_t{0}).get().value();
    const PoolId pool = describe().pool.id;
    const auto found = std::find_if(reply.lanes.begin(), reply.lanes.end(), [&](const admin::LaneCounters& each) {
      return each.pool == pool && each.container == container;
    });
    return found == reply.lanes.end() ? admin::LaneCounters{} : *found;
  }
};

class Isolated : public Stuck {
 protected:
  void SetUp() override { start("runtime:\n  stuck_after: 1h\n"); }
};

TEST_F(Isolated, IsNotStuckAndItsTimeCountsWhileItRuns) {
  auto spin = small().on(container(0)).with_deadline(20s).call<sm::Spin>(1'000'000U);
  auto now = lane(0);
  ASSERT_TRUE(eventually([&] { return (now = lane(0)).handler_ns >= 100'000'000U; })) << now.handler_ns;
  EXPECT_TRUE(now.isolated);
  EXPECT_FALSE(now.stuck);
  EXPECT_TRUE(status().stuck.empty());
  EXPECT_FALSE(spin.ready()) << "it was seen while it ran";
  EXPECT_TRUE(spin.get().ok());
  ASSERT_TRUE(eventually([&] { return !(now = lane(0)).isolated; }));
  EXPECT_GE(now.handler_ns, 1'000'000'000U);
  EXPECT_FALSE(lane(1).isolated);
}

TEST_F(Stuck, OthersGoOnAndTheDeadlineAnswers) {
  auto spin = small().on(container(0)).with_deadline(400ms).call<sm::Spin>(1'500'000U);
  // Containers 2 and 4 are on the same worker as 0; the one behind it on its own lane has to wait.
  auto behind = small().on(container(0)).with_deadline(300ms).call<sm::Null>();
  for (std::uint32_t i : {1U, 2U, 3U, 4U}) {
    auto other = small().on(container(i)).with_deadline(1s).call<sm::Null>().get();
    EXPECT_TRUE(other.ok()) << i << ": " << other.error().to_string();
  }
  auto now = status();
  ASSERT_TRUE(eventually([&] { return !(now = status()).stuck.empty(); }));
  ASSERT_EQ(now.stuck.size(), 1U);
  EXPECT_EQ(now.stuck[0].container, "small/0");
  EXPECT_EQ(now.stuck[0].method, "spin");
  EXPECT_GE(now.stuck[0].running_ms, 20U);
  const auto counted = lane(0);
  EXPECT_TRUE(counted.isolated);
  EXPECT_TRUE(counted.stuck);
  EXPECT_FALSE(spin.ready()) << "answered before its deadline";
  EXPECT_EQ(behind.get().code(), Code::deadline_exceeded);
  EXPECT_EQ(spin.get().code(), Code::deadline_exceeded);
  ASSERT_TRUE(eventually([&] { return status().stuck.empty(); }));
  EXPECT_TRUE(small().on(container(0)).call<sm::Null>().get().ok());
  EXPECT_TRUE(eventually([&] { return describe().containers[0].running == 0; }));
}

TEST_F(Stuck, ALateResultIsTheAnswerWhenTheDeadlineAllowsIt) {
  auto spin = small().on(container(1)).with_deadline(20s).call<sm::Spin>(1'500'000U);
  EXPECT_TRUE(small().on(container(3)).call<sm::Null>().get().ok());
  EXPECT_TRUE(spin.get().ok());
  EXPECT_TRUE(small().on(container(1)).call<sm::Null>().get().ok());
  std::uint32_t replaced = 0;
  for (auto& worker : status().workers) replaced += worker.replaced;
  EXPECT_GE(replaced, 1U);
}

// What the thread that was left behind had asked the kernel for ends with it; wake-ups must not.
TEST_F(Stuck, AWorkerThatChangedItsThreadStillWakesUp) {
  for (std::uint32_t i : {0U, 1U}) {
    EXPECT_TRUE(small().on(container(i)).with_deadline(10s).call<sm::Spin>(100'000U).get().ok());
  }
  for (int round = 0; round < 3; ++round) {
    std::uint64_t before[2] = {status().workers[0].sleeps, status().workers[1].sleeps};
    ASSERT_TRUE(eventually([&] {
      auto workers = status().workers;
      return workers[1].sleeps > before[1] || workers[0].sleeps > before[0] + 100;
    }));
    for (std::uint32_t i = 0; i < kContainers; ++i) {
      EXPECT_TRUE(small().on(container(i)).with_deadline(2s).call<sm::Null>().get().ok()) << i;
    }
  }
}

TEST_F(Stuck, SeveralAtOnceEachGetAThreadOfTheirOwn) {
  std::vector<Future<sm::Nothing>> spins;
  spins.reserve(4);
  for (std::uint32_t i = 0; i < 4; ++i) {
    spins.push_back(small().on(container(i)).with_deadline(20s).call<sm::Spin>(300'000U));
  }
  EXPECT_TRUE(small().on(container(4)).with_deadline(10s).call<sm::Null>().get().ok());
  for (auto& spin : spins) EXPECT_TRUE(spin.get().ok());
}

}  // namespace
}  // namespace chi::test
