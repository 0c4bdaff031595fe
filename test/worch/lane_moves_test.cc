// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lanes are thrown from worker to worker while clients and containers call: nothing is lost, done twice, or done in
// another order than its caller's.
#include <ledger/ledger.h>
#include <moody/moody.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>

#include "common/small_node.h"

namespace chi::test {
namespace {

constexpr std::uint32_t kBooks = 6;

class LaneMoves : public SmallNode {
 protected:
  void SetUp() override {
    start("worch: {queue: worch_test_moody, period: 0}", 3);
    ASSERT_TRUE(client_->create_pool("books", {.module = "ledger", .containers = kBooks}).ok());
    set_mood(moody::Mood::shuffle);
  }

  void set_mood(moody::Mood mood) const {
    const auto set = client_->pool("worch_test_moody").call<moody::Set>(static_cast<std::uint32_t>(mood)).get();
    ASSERT_TRUE(set.ok()) << set.error().to_string();
  }
};

// One client's calls, so many under way at a time, each numbered.
class Caller {
 public:
  Caller(Client client, std::uint64_t name) : client_(std::move(client)), name_(name), random_(name) {}

  void call_until(const std::atomic<bool>& end) {
    const Pool books = client_.pool("books");
    while (!end) {
      const auto at = static_cast<std::uint32_t>(random_() % kBooks);
      const std::uint64_t number = ++numbers_[at];
      under_way_.push_back(call(books.on(container(at)), at, number));
      ++calls_;
      if (under_way_.size() >= kDepth) finish_one();
    }
    while (!under_way_.empty()) finish_one();
  }
  std::uint64_t calls() const { return calls_; }

 private:
  static constexpr std::size_t kDepth = 48;

  Future<ledger::Done> call(const Pool& book, std::uint32_t at, std::uint64_t number) {
    const std::uint64_t kind = random_() % 8;
    if (kind == 0) return book.call<ledger::Linger>(name_, number, random_() % 200'000);
    if (kind == 1) return book.call<ledger::Work>(name_, number, random_() % 20'000);
    if (kind <= 3) {
      const auto to = static_cast<std::uint32_t>((at + 1 + random_() % (kBooks - 1)) % kBooks);
      return book.call<ledger::Relay>(name_, number, to, static_cast<std::uint32_t>(1 + random_() % 4), kind == 2);
    }
    return book.call<ledger::Note>(name_, number);
  }
  void finish_one() {
    const auto done = under_way_.front().get();
    ASSERT_TRUE(done.ok()) << done.error().to_string();
    under_way_.pop_front();
  }

  Client client_;
  const std::uint64_t name_;
  std::mt19937_64 random_;
  std::uint64_t numbers_[kBooks] = {};
  std::deque<Future<ledger::Done>> under_way_;
  std::uint64_t calls_ = 0;
};

TEST_F(LaneMoves, KeepEachCallersOrder) {
  std::atomic<bool> end{false};
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    callers.push_back(std::make_unique<Caller>(runtime_->connect().value(), i));
    threads.emplace_back([&, caller = callers.back().get()] { caller->call_until(end); });
  }
  admin::WorchReply shown;
  for (unsigned round = 0; round < 150; ++round) {
    const auto reply = client_->admin().call<admin::WorchRun>("queue").get();
    EXPECT_TRUE(reply.ok()) << reply.error().to_string();
    if (reply.ok()) shown = *reply;
  }
  end = true;
  for (auto& thread : threads) thread.join();
  EXPECT_GT(shown.moves, 200U);
  const Pool books = client_->pool("books");
  ASSERT_TRUE(books.gather<Barrier>().get().ok());
  std::uint64_t expected = 0;
  for (auto& caller : callers) expected += caller->calls();
  // What nobody waits for may still be on its way.
  ledger::Totals totals;
  EXPECT_TRUE(eventually([&] {
    totals = books.on(all()).call<ledger::Read>().get().value();
    return totals.begun == expected + totals.relayed && totals.ended == totals.begun;
  })) << totals.begun
      << " begun, " << totals.ended << " ended, " << expected << " + " << totals.relayed << " sent";
  EXPECT_EQ(totals.disorder, 0U) << totals.first;
  RecordProperty("moves", static_cast<int>(shown.moves));
  std::printf("%lu calls, %lu relayed, %lu moves, pauses p50 %lu ns p99 %lu ns\n", static_cast<unsigned long>(expected),
              static_cast<unsigned long>(totals.relayed), static_cast<unsigned long>(shown.moves),
              static_cast<unsigned long>(shown.pause_p50_ns), static_cast<unsigned long>(shown.pause_p99_ns));
}

}  // namespace
}  // namespace chi::test
