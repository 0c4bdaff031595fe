// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lanes are thrown from worker to worker while clients and containers call: nothing is lost, done twice, or done in
// another order than its caller's.
#include <moody/moody.h>

#include <algorithm>

#include "worch/ledger_node.h"

namespace chi::test {
namespace {

constexpr std::uint32_t kBooks = 6;

class LaneMoves : public LedgerNode {
 protected:
  void SetUp() override { start_books("worch: {queue: worch_test_moody, period: 0, patience: 5s}", 3, kBooks); }

  void set_mood(moody::Mood mood) const {
    const auto set = client_->pool("worch_test_moody").call<moody::Set>(static_cast<std::uint32_t>(mood)).get();
    ASSERT_TRUE(set.ok()) << set.error().to_string();
  }
};

TEST_F(LaneMoves, KeepEachCallersOrder) {
  set_mood(moody::Mood::shuffle);
  begin_load(2, first_books(kBooks));
  for (unsigned round = 0; round < 150; ++round) {
    const auto reply = run("queue");
    EXPECT_TRUE(reply.ok()) << reply.error().to_string();
  }
  const admin::WorchReply shown = show();
  end_load();
  EXPECT_GT(shown.moves, 200U);
  RecordProperty("moves", static_cast<int>(shown.moves));
  std::printf("%lu calls, %lu relayed, %lu moves, pauses p50 %lu ns p99 %lu ns\n", static_cast<unsigned long>(calls()),
              static_cast<unsigned long>(totals_.relayed), static_cast<unsigned long>(shown.moves),
              static_cast<unsigned long>(shown.pause_p50_ns), static_cast<unsigned long>(shown.pause_p99_ns));
}

// With a policy that knows nothing of it, workers go while their lanes have more before them than one turn does, and
// suspended tasks; and come back.
TEST_F(LaneMoves, WorkersGoWhileTheirLanesAreFull) {
  begin_load(3, first_books(kBooks));
  for (unsigned round = 0; round < 20; ++round) {
    const std::uint32_t left = 1 + round % 2;
    ASSERT_TRUE(set_workers(left).ok());
    ASSERT_TRUE(eventually([&] {
      const auto workers = workers_of_books();
      return std::all_of(workers.begin(), workers.end(), [left](auto worker) { return worker < left; });
    })) << "a lane is with a worker that has gone";
    ASSERT_TRUE(calls_go_on());
    ASSERT_TRUE(set_workers(3).ok());
    set_mood(moody::Mood::shuffle);
    EXPECT_TRUE(run("queue").ok());
    set_mood(moody::Mood::keep);
    ASSERT_TRUE(calls_go_on());
  }
  EXPECT_GT(show().moves, 20U);
  end_load();
}

// Each time the policy's pool goes, with what it knows, and the next question has a new one.
TEST_F(LaneMoves, ThePolicyIsTakenAwayWhileItMovesThem) {
  begin_load(2, first_books(kBooks));
  for (unsigned round = 0; round < 20; ++round) {
    set_mood(moody::Mood::shuffle);
    EXPECT_TRUE(run("queue").ok());
    const auto destroyed = client_->destroy_pool("worch_test_moody");
    ASSERT_TRUE(destroyed.ok()) << destroyed.error().to_string();
    ASSERT_TRUE(calls_go_on());
    const auto next = run("queue");
    ASSERT_TRUE(next.ok()) << next.error().to_string();
    EXPECT_EQ(next->policies.at(0).module, "worch_test_moody");
  }
  EXPECT_EQ(show().policies.at(0).refused, 0U);
  end_load();
}

}  // namespace
}  // namespace chi::test
