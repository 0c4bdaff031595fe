// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node with a pool `books` of ledgers, clients that call them without a pause, and the account in the end: nothing is
// lost, done twice, or done in another order than its caller's.
#pragma once

#include <ledger/ledger.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "common/small_node.h"

namespace chi::test {

// One client's calls to some books, so many under way at a time, each numbered.
class Caller {
 public:
  Caller(Client client, std::uint64_t name, std::vector<std::uint32_t> books)
      : client_(std::move(client)), name_(name), books_(std::move(books)), random_(name) {}

  void call_until(const std::atomic<bool>& end) {
    const Pool pool = client_.pool("books");
    while (!end) {
      const std::size_t at = random_() % books_.size();
      under_way_.push_back(call(pool.on(container(books_[at])), at, ++numbers_[books_[at]]));
      ++calls_;
      if (under_way_.size() >= kDepth) finish_one();
    }
    while (!under_way_.empty()) finish_one();
  }
  std::uint64_t calls() const { return calls_; }

 private:
  static constexpr std::size_t kDepth = 48;

  Future<ledger::Done> call(const Pool& book, std::size_t at, std::uint64_t number) {
    const std::uint64_t kind = random_() % 8;
    if (kind == 0) return book.call<ledger::Linger>(name_, number, random_() % 200'000);
    if (kind == 1) return book.call<ledger::Work>(name_, number, random_() % 20'000);
    if (kind <= 3) {
      const std::uint32_t to = books_[(at + 1 + random_() % (books_.size() - 1)) % books_.size()];
      return book.call<ledger::Relay>(name_, number, to, static_cast<std::uint32_t>(1 + random_() % 4), kind == 2);
    }
    return book.call<ledger::Note>(name_, number);
  }
  void finish_one() {
    const auto done = under_way_.front().get();
    under_way_.pop_front();
    EXPECT_TRUE(done.ok()) << done.error().to_string();
  }

  const Client client_;
  const std::uint64_t name_;
  const std::vector<std::uint32_t> books_;
  std::mt19937_64 random_;
  std::map<std::uint32_t, std::uint64_t> numbers_;
  std::deque<Future<ledger::Done>> under_way_;
  std::atomic<std::uint64_t> calls_{0};
};

class LedgerNode : public SmallNode {
 protected:
  void start_books(const std::string& config, std::uint32_t workers, std::uint32_t books) {
    start(config, workers);
    ASSERT_TRUE(client_->create_pool("books", {.module = "ledger", .containers = books}).ok());
  }
  void TearDown() override {
    stop_load();
    SmallNode::TearDown();
  }

  // At least two books.
  void begin_load(std::uint64_t clients, const std::vector<std::uint32_t>& books) {
    for (std::uint64_t i = 1; i <= clients; ++i) {
      callers_.push_back(std::make_unique<Caller>(runtime_->connect().value(), i, books));
      threads_.emplace_back([this, caller = callers_.back().get()] { caller->call_until(end_); });
    }
  }
  std::uint64_t calls() const {
    std::uint64_t sum = 0;
    for (auto& caller : callers_) sum += caller->calls();
    return sum;
  }
  // Far more of them than can be under way.
  bool calls_go_on() const {
    const std::uint64_t before = calls();
    return eventually([&] { return calls() > before + 200 * callers_.size(); });
  }
  void end_load() {
    stop_load();
    const Pool books = client_->pool("books");
    ASSERT_TRUE(books.gather<Barrier>().get().ok());
    // What nobody waits for may still be on its way.
    EXPECT_TRUE(eventually([&] {
      totals_ = books.on(all()).call<ledger::Read>().get().value();
      return totals_.begun == calls() + totals_.relayed && totals_.ended == totals_.begun;
    })) << totals_.begun
        << " begun, " << totals_.ended << " ended, " << calls() << " + " << totals_.relayed << " sent";
    EXPECT_EQ(totals_.disorder, 0U) << totals_.first;
  }

  std::vector<std::uint32_t> workers_of_books() const {
    std::vector<std::uint32_t> out;
    const auto described = client_->admin().call<admin::PoolDescribe>("books").get().value();
    out.reserve(described.containers.size());
    for (auto& each : described.containers) out.push_back(each.worker);
    return out;
  }
  admin::WorchReply show() const { return client_->admin().call<admin::WorchShow>().get().value(); }
  Result<admin::WorchReply> run(const std::string& kind) const {
    return client_->admin().call<admin::WorchRun>(kind).get();
  }
  Result<admin::WorchReply> set(const std::string& kind, const std::string& module) const {
    return client_->admin().call<admin::WorchSet>(kind, module).get();
  }
  Result<admin::WorkersReply> set_workers(std::uint32_t count) const {
    return client_->admin().call<admin::WorkersSet>(count, false).get();
  }

  ledger::Totals totals_;

 private:
  void stop_load() {
    end_ = true;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  std::atomic<bool> end_{false};
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<std::thread> threads_;
};

// So many, from 0.
inline std::vector<std::uint32_t> first_books(std::uint32_t count) {
  std::vector<std::uint32_t> out(count);
  for (std::uint32_t i = 0; i < count; ++i) out[i] = i;
  return out;
}

}  // namespace chi::test
