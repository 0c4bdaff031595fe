// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// When policies are asked, and what they and `worch show` are told of why.
#include <moody/moody.h>

#include <algorithm>

#include "common/thread_cpus.h"
#include "worch/ledger_node.h"

namespace chi::test {
namespace {

using Questions = std::vector<moody::Question>;

// The policy writes down what it is asked.
class Events : public LedgerNode {
 protected:
  void SetUp() override { begin("0"); }
  void begin(const std::string& period, const std::string& kind = "queue", const std::string& more = "") {
    const std::string other = kind == "queue" ? "proc" : "queue";
    const std::string worch = kind + ": worch_test_moody, " + other + ": null, patience: 5s, period: " + period;
    start_books("worch: {" + worch + "}\n" + more, 2, 2);
  }

  Questions asked() const { return client_->pool("worch_test_moody").call<moody::Asked>().get().value().questions; }
  std::ptrdiff_t asked_because(const std::string& reason) const {
    const Questions questions = asked();
    return std::count_if(questions.begin(), questions.end(), [&](auto& each) { return each.reason == reason; });
  }
  // The last question and what is shown agree; it was the `number`th.
  moody::Question expect_last(const std::string& reason, std::size_t number, std::size_t policy = 0) const {
    const Questions questions = asked();
    EXPECT_EQ(questions.size(), number);
    EXPECT_EQ(questions.back().reason, reason);
    EXPECT_EQ(show().policies.at(policy).reason, reason);
    EXPECT_EQ(show().policies.at(policy).rounds, number);
    return questions.back();
  }
};

TEST_F(Events, EachIsAQuestionWithItsReason) {
  EXPECT_EQ(asked().at(0).reason, "start");
  const auto made = expect_last("pool created", 3);  // the second and the third one are for `small` and `books`
  EXPECT_EQ(made.lanes, 1 + 1 + kContainers + 2) << "of admin, the policy, small and books";
  EXPECT_EQ(made.workers, 2U);
  ASSERT_TRUE(set_workers(3).ok());
  EXPECT_EQ(expect_last("workers changed", 4).workers, 3U);
  ASSERT_TRUE(set_workers(3).ok());
  expect_last("workers changed", 4);
  ASSERT_TRUE(set_workers(2).ok());
  EXPECT_EQ(expect_last("workers changed", 5).workers, 2U);
  ASSERT_TRUE(run("").ok());
  expect_last("asked", 6);
  ASSERT_TRUE(run("queue").ok());
  expect_last("asked", 7);
  ASSERT_TRUE(run("proc").ok());
  expect_last("asked", 7);
  ASSERT_TRUE(set("queue", "worch_test_moody").ok());
  expect_last("set", 8);
}

TEST_F(Events, WithOneWorkerLanesAreNoQuestion) {
  ASSERT_TRUE(set_workers(1).ok());
  expect_last("pool created", 3);
  ASSERT_TRUE(client_->create_pool("more", {.module = "ledger"}).ok());
  expect_last("pool created", 3);
  ASSERT_TRUE(run("queue").ok());
  EXPECT_EQ(expect_last("asked", 4).workers, 1U);
}

class ProcEvents : public Events {
 protected:
  void SetUp() override {
    begin("0", "proc");
    cpus_ = cpus_of(0);
  }
  void TearDown() override {
    confine_all_threads(cpus_);
    Events::TearDown();
  }
  Cpus cpus_;
};

TEST_F(ProcEvents, CpusThatGoAndComeBack) {
  if (cpus_.size() < 2) GTEST_SKIP() << "there is one CPU only";
  ASSERT_EQ(expect_last("pool created", 3, 1).cpus, cpus_.size());
  begin_load(1, {0, 1});
  confine_all_threads({cpus_[0]});
  EXPECT_TRUE(eventually([this] { return asked_because("CPUs changed") == 1; }));
  EXPECT_EQ(expect_last("CPUs changed", 4, 1).cpus, 1U);
  confine_all_threads(cpus_);
  EXPECT_TRUE(eventually([this] { return asked_because("CPUs changed") == 2; }));
  EXPECT_EQ(expect_last("CPUs changed", 5, 1).cpus, cpus_.size());
  end_load();
}

TEST_F(ProcEvents, OneWorkerHasAPlaceToo) {
  ASSERT_TRUE(set_workers(1).ok());
  EXPECT_EQ(expect_last("workers changed", 4, 1).workers, 1U);
  ASSERT_TRUE(set("queue", "round_robin").ok());
  expect_last("workers changed", 4, 1);
}

class PeriodicEvents : public Events {
 protected:
  void SetUp() override { begin("10ms"); }
};

TEST_F(PeriodicEvents, WhileThereIsWork) {
  begin_load(2, {0, 1});
  EXPECT_TRUE(eventually([this] { return asked_because("period") > 5; }));
  EXPECT_TRUE(eventually([this] { return show().policies.at(0).reason == "period"; }));
  end_load();
}

class RareEvents : public Events {
 protected:
  // Where the machine has no time for a handler just now, it is its worker that is seen to be busy.
  void SetUp() override { begin("2s", "queue", "runtime: {isolate_after: 1h}"); }
};

// The worker is never without work, and between two handlers, where others may take its CPU, seldom.
constexpr std::size_t kDeep = 16;
constexpr std::uint64_t kLongNs = 50'000'000;

// One worker has more than it can do, the other has nothing: long before the period is over.
TEST_F(RareEvents, AnImbalanceIsNotWaitedFor) {
  const Pool book = client_->pool("books").on(container(0));
  std::atomic<bool> end{false};
  std::thread busy([&] {
    std::deque<Future<ledger::Done>> under_way;
    for (std::uint64_t number = 1; !end; ++number) {
      under_way.push_back(book.call<ledger::Work>(std::uint64_t{1}, number, kLongNs));
      if (under_way.size() < kDeep) continue;
      EXPECT_TRUE(under_way.front().get().ok());
      under_way.pop_front();
    }
    for (auto& each : under_way) EXPECT_TRUE(each.get().ok());
  });
  EXPECT_TRUE(eventually([this] { return asked_because("imbalance") > 0; }));
  EXPECT_TRUE(eventually([this] { return show().policies.at(0).reason == "imbalance"; }));
  end = true;
  busy.join();
}

}  // namespace
}  // namespace chi::test
