// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Policies that answer badly, or not at all, are refused as a whole; what was assigned before stays, and calls go on.
#include <ledger/ledger.h>
#include <moody/moody.h>

#include <algorithm>
#include <map>

#include "common/small_node.h"

namespace chi::test {
namespace {

using moody::Mood;

class Policies : public SmallNode {
 protected:
  // An answer that is not too late on purpose is never too late.
  void SetUp() override { start("worch: {queue: worch_test_moody, period: 0, patience: 10s}", 3); }

  void set_mood(Mood mood) const {
    const auto set = client_->pool("worch_test_moody").call<moody::Set>(static_cast<std::uint32_t>(mood)).get();
    ASSERT_TRUE(set.ok()) << set.error().to_string();
  }
  Result<admin::WorchReply> run() const { return client_->admin().call<admin::WorchRun>("queue").get(); }
  Result<admin::WorchReply> set(const std::string& kind, const std::string& module) const {
    return client_->admin().call<admin::WorchSet>(kind, module).get();
  }
  admin::WorchReply show() const { return client_->admin().call<admin::WorchShow>().get().value(); }
  std::map<std::string, std::uint32_t> places() const {
    std::map<std::string, std::uint32_t> out;
    for (auto& lane : show().lanes) out[lane.name] = lane.worker;
    return out;
  }
  void expect_service() const {
    for (std::uint32_t i = 0; i < kContainers; ++i) {
      const auto reply = small().on(container(i)).call<sm::Md>(2U).get();
      EXPECT_TRUE(reply.ok()) << reply.error().to_string();
    }
  }
  // The mood's answer is refused, with this in the words for it.
  void expect_refused(Mood mood, const std::string& words) const {
    SCOPED_TRACE(words);
    const auto before = places();
    const auto refused_before = show().policies.at(0).refused;
    set_mood(mood);
    const auto reply = run();
    ASSERT_FALSE(reply.ok());
    EXPECT_NE(reply.error().text.find(words), std::string::npos) << reply.error().to_string();
    EXPECT_EQ(places(), before);
    const auto shown = show();
    EXPECT_EQ(shown.policies.at(0).refused, refused_before + 1);
    EXPECT_NE(shown.policies.at(0).error.find(words), std::string::npos);
    EXPECT_EQ(shown.policies.at(0).module, "worch_test_moody");
    expect_service();
  }
};

TEST_F(Policies, ABadAnswerIsRefusedAsAWhole) {
  expect_refused(Mood::nothing, "lanes have no worker");
  expect_refused(Mood::unknown, "is not in the view");
  expect_refused(Mood::twice, "assigned twice");
  expect_refused(Mood::nowhere, "there is no worker 63");
  expect_refused(Mood::fails, "in no mood for it");
  expect_refused(Mood::throws, "lets something through");
  set_mood(Mood::keep);
  const auto good = run();
  ASSERT_TRUE(good.ok()) << good.error().to_string();
}

// Has little patience, which a good answer may try too where the machine is busy: it is asked again then.
class LatePolicies : public Policies {
 protected:
  void SetUp() override { start("worch: {queue: worch_test_moody, period: 0, patience: 100ms}", 3); }
  bool runs_well() const {
    return eventually([this] { return run().ok(); });
  }
};

TEST_F(LatePolicies, ALateAnswerIsNone) {
  expect_refused(Mood::slow, "no answer in time");
  set_mood(Mood::keep);
  EXPECT_TRUE(runs_well());
}

// While it still computes what nobody waits for any more.
TEST_F(LatePolicies, OneThatIsLateIsTakenAwayAndComesBack) {
  expect_refused(Mood::slow, "no answer in time");
  const auto destroyed = client_->destroy_pool("worch_test_moody");
  ASSERT_TRUE(destroyed.ok()) << destroyed.error().to_string();
  expect_service();
  EXPECT_TRUE(runs_well());
  EXPECT_EQ(show().policies.at(0).module, "worch_test_moody");
}

TEST_F(LatePolicies, OneThatNeverEndsIsReplaced) {
  set_mood(Mood::gather);
  ASSERT_TRUE(runs_well());
  for (auto& [lane, worker] : places()) EXPECT_EQ(worker, 0U) << lane;
  expect_refused(Mood::nothing, "lanes have no worker");  // and still everything is on worker 0, with the policy
  set_mood(Mood::loops);
  const auto before = places();
  const auto late = run();
  ASSERT_FALSE(late.ok());
  EXPECT_NE(late.error().text.find("no answer in time"), std::string::npos) << late.error().to_string();
  EXPECT_EQ(places(), before);
  expect_service();
  ASSERT_TRUE(eventually([this] { return set("queue", "round_robin").ok(); }));
  EXPECT_EQ(show().policies.at(0).module, "worch_queue_round_robin");
  std::map<std::uint32_t, unsigned> load;
  for (auto& [lane, worker] : places()) ++load[worker];
  EXPECT_EQ(load.size(), 3U) << "all workers have lanes again";
  expect_service();
  EXPECT_TRUE(eventually([&] { return status().stuck.empty(); })) << "the handler that is only said never to end";
}

TEST_F(Policies, ANewOneIsAskedBeforeItIsInCharge) {
  ASSERT_TRUE(set("queue", "round_robin").ok());
  EXPECT_EQ(show().policies.at(0).module, "worch_queue_round_robin");
  const auto none = set("queue", "small_message");
  ASSERT_FALSE(none.ok());
  const auto wrong = set("queue", "worch_proc_round_robin");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().text.find("no policy of the kind 'queue'"), std::string::npos) << wrong.error().to_string();
  const auto kind = set("queues", "round_robin");
  ASSERT_FALSE(kind.ok());
  EXPECT_EQ(kind.code(), Code::invalid_argument);
  EXPECT_EQ(show().policies.at(0).module, "worch_queue_round_robin");
  ASSERT_TRUE(set("queue", "").ok());
  EXPECT_EQ(show().policies.at(0).module, "");
  expect_service();
}

// The pool of the old one has gone by the time that the answer, which knows its lane, is carried out.
TEST_F(Policies, ANewOneMayMoveTheLaneOfTheOneBefore) {
  set_mood(Mood::gather);
  ASSERT_TRUE(run().ok());
  const auto changed = set("queue", "round_robin");
  ASSERT_TRUE(changed.ok()) << changed.error().to_string();
  EXPECT_FALSE(places().contains("worch_test_moody/0"));
  EXPECT_GT(show().moves, 2U);
  expect_service();
}

TEST_F(Policies, ARefusedOneIsCountedAndItsPoolLeftAlone) {
  ASSERT_TRUE(set("queue", "round_robin").ok());
  ASSERT_TRUE(client_->create_pool("worch_test_moody", {.module = "worch_test_moody"}).ok());
  set_mood(Mood::nothing);
  ASSERT_FALSE(set("queue", "worch_test_moody").ok());
  EXPECT_EQ(show().policies.at(0).refused, 1U);
  EXPECT_EQ(show().policies.at(0).module, "worch_queue_round_robin");
  set_mood(Mood::keep);
  EXPECT_TRUE(set("queue", "worch_test_moody").ok()) << "its pool is there";
}

TEST_F(Policies, APoolOfItsNameMustBeOne) {
  const auto other = client_->create_pool("worch_queue_least_loaded", {.module = "small_message"});
  ASSERT_TRUE(other.ok());
  const auto refused = set("queue", "least_loaded");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text.find("small_message is no policy"), std::string::npos) << refused.error().to_string();
  EXPECT_TRUE(other->call<sm::Null>().get().ok()) << "it is left alone";
}

TEST_F(Policies, ReasonsAreThoseOfWhatWasDone) {
  for (const auto& lane : show().lanes) EXPECT_EQ(lane.why, "was made there") << lane.name;
  set_mood(Mood::gather);
  ASSERT_TRUE(run().ok());
  const auto shown = show();
  EXPECT_GT(shown.moves, 0U);
  const auto moved = static_cast<std::uint64_t>(std::count_if(shown.lanes.begin(), shown.lanes.end(), [](auto& lane) {
    return lane.worker == 0 && lane.why != "was made there" && !lane.why.empty();
  }));
  EXPECT_EQ(moved, shown.moves);
}

// Nobody asks a policy, and its worker has gone while it could not.
TEST_F(Policies, ALaneThatCouldNotLeaveFollowsWithoutAPeriod) {
  ASSERT_TRUE(set("queue", "").ok());
  auto long_call = small().on(container(2)).call<sm::Spin>(1'500'000U);
  ASSERT_TRUE(eventually([this] { return describe().containers.at(2).running == 1; }));
  ASSERT_NE(describe().containers.at(2).worker, 0U);
  ASSERT_TRUE(client_->admin().call<admin::WorkersSet>(1U, false).get().ok());
  ASSERT_TRUE(long_call.get().ok());
  EXPECT_TRUE(eventually([this] { return describe().containers.at(2).worker == 0; }));
}

TEST_F(Policies, OneThatIsTakenAwayComesBack) {
  ASSERT_TRUE(client_->destroy_pool("worch_test_moody").ok());
  expect_service();
  const auto reply = run();
  ASSERT_TRUE(reply.ok()) << reply.error().to_string();
  EXPECT_EQ(reply->policies.at(0).module, "worch_test_moody");
}

}  // namespace
}  // namespace chi::test
