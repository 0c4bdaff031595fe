// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Long handlers do not hold up other lanes, and a client with much under way does not hold up one with little.
#include <ledger/ledger.h>

#include <atomic>
#include <deque>
#include <thread>

#include "common/small_node.h"

namespace chi::test {
namespace {

using namespace std::chrono_literals;

class Isolation : public SmallNode {
 protected:
  void SetUp() override {
    start("worch: {queue: null}", 1);
    ASSERT_TRUE(client_->create_pool("books", {.module = "ledger", .containers = 4}).ok());
  }
  Pool book(std::uint32_t at) const { return client_->pool("books").on(container(at)); }
};

// All lanes are on one worker. The others are answered while the long one still computes.
TEST_F(Isolation, OtherLanesDoNotWaitForALongHandler) {
  auto slow = book(0).call<ledger::Work>(std::uint64_t{1}, std::uint64_t{1}, std::uint64_t{2'000'000'000});
  for (std::uint64_t round = 1; round <= 20; ++round) {
    for (std::uint32_t at = 1; at < 4; ++at) {
      const auto done = book(at).call<ledger::Note>(std::uint64_t{2}, round).get();
      ASSERT_TRUE(done.ok()) << done.error().to_string();
    }
  }
  EXPECT_FALSE(slow.ready()) << "they waited for it";
  EXPECT_TRUE(slow.get().ok());
}

// Both call the same container. While the one's calls are made, the other, with 256 under way, gets a fair part:
// counted where they are made, for a client's thread may have to wait for a CPU.
TEST_F(Isolation, ManyCallsDoNotStarveAnotherClients) {
  constexpr std::uint64_t kWorkNs = 100'000;
  constexpr std::uint64_t kCalls = 100;
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> others{0};
  std::thread greedy([&] {
    const Client client = runtime_->connect().value();
    const Pool same = client.pool("books").on(container(0));
    std::deque<Future<ledger::Done>> under_way;
    for (std::uint64_t number = 1; !end; ++number) {
      under_way.push_back(same.call<ledger::Work>(std::uint64_t{1}, number, kWorkNs));
      if (under_way.size() < 256) continue;
      EXPECT_TRUE(under_way.front().get().ok());
      under_way.pop_front();
      ++others;
    }
    for (auto& each : under_way) EXPECT_TRUE(each.get().ok());
  });
  EXPECT_TRUE(eventually([&] { return others > 300; }));
  auto before = book(0).call<ledger::Read>();
  std::deque<Future<ledger::Done>> own;
  for (std::uint64_t i = 1; i <= kCalls; ++i) own.push_back(book(0).call<ledger::Work>(std::uint64_t{2}, i, kWorkNs));
  auto after = book(0).call<ledger::Read>();
  for (auto& each : own) EXPECT_TRUE(each.get().ok());
  const std::uint64_t meanwhile = after.get().value().ended - before.get().value().ended - kCalls;
  end = true;
  greedy.join();
  EXPECT_GT(meanwhile, kCalls / 4);
  EXPECT_LT(meanwhile, kCalls * 20) << "one call waited for so many of the other's";
}

// What has been put into the lane of a container whose code computes: 255 calls of one client, and then one of another.
TEST_F(Isolation, ManyQueuedCallsDoNotStarveAnotherClientsOne) {
  constexpr std::uint64_t kQueued = 255;
  const Client greedy = runtime_->connect().value();
  const Pool same = greedy.pool("books").on(container(0));
  std::deque<Future<ledger::Done>> under_way;
  under_way.push_back(same.call<ledger::Work>(std::uint64_t{1}, std::uint64_t{1}, std::uint64_t{2'000'000'000}));
  for (std::uint64_t i = 2; i <= kQueued + 1; ++i) under_way.push_back(same.call<ledger::Note>(std::uint64_t{1}, i));
  ASSERT_TRUE(eventually([&] { return status().workers.at(0).queued >= kQueued; }));
  ASSERT_FALSE(under_way.front().ready());

  const auto seen = book(0).call<ledger::Read>().get();
  ASSERT_TRUE(seen.ok()) << seen.error().to_string();
  EXPECT_LE(seen->ended, 2U) << "so many of the other client's calls went before";
  for (auto& each : under_way) EXPECT_TRUE(each.get().ok());
  const auto all = book(0).call<ledger::Read>().get();
  EXPECT_EQ(all->ended, kQueued + 1);
  EXPECT_EQ(all->disorder, 0U) << all->first;
}

}  // namespace
}  // namespace chi::test
