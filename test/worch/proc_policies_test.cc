// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Policies that bind workers to CPUs, put in charge and taken away under load: the kernel says where the threads may
// run.
#include <moody/moody.h>

#include "common/thread_cpus.h"
#include "worch/ledger_node.h"

namespace chi::test {
namespace {

using moody::Mood;

constexpr std::uint32_t kWorkers = 2;
constexpr std::uint32_t kBooks = 4;

class ProcPolicies : public LedgerNode {
 protected:
  void SetUp() override {
    cpus_ = cpus_of(0);
    if (cpus_.size() < 2) GTEST_SKIP() << "there is one CPU only";
    start_books("worch: {period: 0, patience: 5s}", kWorkers, kBooks);
    begin_load(2, first_books(kBooks));
  }

  // One worker's thread on each of the first CPUs, and nobody else's.
  bool one_on_each() const { return threads_on({cpus_[0]}) == 1 && threads_on({cpus_[1]}) == 1; }
  bool nobody_is_bound() const { return threads_on(cpus_) == threads_of_this_process().size(); }
  std::vector<Cpus> shown() const {
    std::vector<Cpus> out;
    for (auto& worker : show().workers) out.push_back(worker.cpus);
    return out;
  }
  void set_mood(Mood mood) const {
    const auto set = client_->pool("worch_test_moody").call<moody::Set>(static_cast<std::uint32_t>(mood)).get();
    ASSERT_TRUE(set.ok()) << set.error().to_string();
  }
  void expect_refused(Mood mood, const std::string& words) const {
    SCOPED_TRACE(words);
    const auto refused_before = show().policies.at(1).refused;
    set_mood(mood);
    const auto reply = run("proc");
    ASSERT_FALSE(reply.ok());
    EXPECT_NE(reply.error().text.find(words), std::string::npos) << reply.error().to_string();
    const auto now = show();
    EXPECT_EQ(now.policies.at(1).refused, refused_before + 1);
    EXPECT_NE(now.policies.at(1).error.find(words), std::string::npos) << now.policies.at(1).error;
    EXPECT_EQ(now.workers.at(0).cpus, Cpus{cpus_[0]});
    EXPECT_EQ(now.workers.at(1).cpus, Cpus{cpus_[0]});
    EXPECT_EQ(threads_on({cpus_[0]}), kWorkers);
    EXPECT_TRUE(calls_go_on());
  }

  Cpus cpus_;
};

TEST_F(ProcPolicies, ThreadsFollowWhoIsInCharge) {
  EXPECT_TRUE(eventually([this] { return nobody_is_bound(); }));
  for (const char* policy : {"round_robin", "topology", "worch_proc_round_robin"}) {
    SCOPED_TRACE(policy);
    const auto reply = set("proc", policy);
    ASSERT_TRUE(reply.ok()) << reply.error().to_string();
    EXPECT_NE(reply->policies.at(1).module.find(policy), std::string::npos);
    EXPECT_EQ(reply->policies.at(1).reason, "set");
    EXPECT_TRUE(eventually([this] { return one_on_each(); }));
    EXPECT_TRUE(calls_go_on());
  }
  EXPECT_EQ(shown(), (std::vector<Cpus>{{cpus_[0]}, {cpus_[1]}}));
  EXPECT_EQ(show().workers.at(0).why, "its turn");
  end_load();
}

TEST_F(ProcPolicies, WithNobodyInChargeThreadsAreFreeAgain) {
  ASSERT_TRUE(set_workers(3).ok());
  ASSERT_TRUE(set("proc", "round_robin").ok());
  EXPECT_TRUE(eventually([this] { return threads_on({cpus_[1]}) != 0; }));
  ASSERT_TRUE(set_workers(kWorkers).ok());  // the third is bound, and not active any more
  ASSERT_TRUE(set("proc", "").ok());
  EXPECT_TRUE(eventually([this] { return nobody_is_bound(); }));
  EXPECT_EQ(shown(), (std::vector<Cpus>{cpus_, cpus_}));
  EXPECT_EQ(show().workers.at(0).why, "");
  EXPECT_TRUE(calls_go_on());
  end_load();
}

TEST_F(ProcPolicies, ANewWorkerGetsItsPlace) {
  ASSERT_TRUE(set("proc", "round_robin").ok());
  ASSERT_TRUE(set_workers(4).ok());
  EXPECT_EQ(show().policies.at(1).reason, "workers changed");
  EXPECT_TRUE(eventually([this] { return threads_on({cpus_[3 % cpus_.size()]}) == (cpus_.size() < 4 ? 2 : 1); }));
  EXPECT_TRUE(calls_go_on());
  end_load();
}

TEST_F(ProcPolicies, ABadAnswerIsRefusedAsAWhole) {
  ASSERT_TRUE(set("proc", "worch_test_moody").ok());
  set_mood(Mood::gather);
  ASSERT_TRUE(run("proc").ok());
  expect_refused(Mood::nothing, "workers have no CPUs");
  expect_refused(Mood::unknown, "worker 63 is not in the view");
  expect_refused(Mood::twice, "assigned twice");
  expect_refused(Mood::nowhere, "CPU 60000 is not one that the daemon may use");
  expect_refused(Mood::no_cpus, "has no CPU");
  expect_refused(Mood::fails, "in no mood for it");
  expect_refused(Mood::throws, "lets something through");
  set_mood(Mood::keep);
  ASSERT_TRUE(run("proc").ok());
  EXPECT_TRUE(eventually([this] { return nobody_is_bound(); }));
  end_load();
}

TEST_F(ProcPolicies, OneThatCannotBePutInChargeBindsNobody) {
  ASSERT_TRUE(set("proc", "round_robin").ok());
  ASSERT_TRUE(client_->create_pool("worch_test_moody", {.module = "worch_test_moody"}).ok());
  set_mood(Mood::nowhere);
  const auto refused = set("proc", "worch_test_moody");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text.find("worch_proc_round_robin stays"), std::string::npos) << refused.error().text;
  EXPECT_FALSE(set("proc", "least_loaded").ok());
  EXPECT_FALSE(set("proc", "worch_queue_least_loaded").ok());
  EXPECT_EQ(show().policies.at(1).module, "worch_proc_round_robin");
  EXPECT_EQ(show().policies.at(1).refused, 1U);
  EXPECT_TRUE(eventually([this] { return one_on_each(); }));
  end_load();
}

}  // namespace
}  // namespace chi::test
