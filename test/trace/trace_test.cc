// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A trace has each step of each task: when it waited, ran and was answered, and where.
#include <algorithm>
#include <string>
#include <vector>

#include "common/small_node.h"

namespace chi::test {
namespace {

using Steps = std::vector<admin::TraceStep>;

class Trace : public SmallNode {
 protected:
  void SetUp() override { start("runtime: {max_workers: 4}"); }

  Result<admin::TraceStartReply> begin(std::uint64_t records = 0, bool all = false) const {
    return client_->admin().call<admin::TraceStart>(records, all).get();
  }
  Result<admin::TraceStopReply> stop() const { return client_->admin().call<admin::TraceStop>().get(); }
  Result<admin::TraceReadReply> read(std::uint64_t trace, std::uint64_t from, bool release = false) const {
    return client_->admin().call<admin::TraceRead>(trace, from, release).get();
  }

  // Some 40 ms of it, for all containers alike.
  void work() const {
    std::vector<Future<sm::Nothing>> calls;
    for (std::uint32_t i = 0; i < 100 * kContainers; ++i) {
      calls.push_back(small().on(container(i % kContainers)).call<sm::Spin>(100U));
    }
    for (auto& call : calls) EXPECT_TRUE(call.get().ok());
  }

  // Ends the trace, checks what holds for all steps, and gives those of the pool `small`.
  Steps end() {
    ended_ = stop().value();
    Steps all;
    while (all.size() < ended_.records) {
      const Steps more = read(ended_.trace, all.size()).value().steps;
      EXPECT_FALSE(more.empty());
      if (more.empty()) break;
      all.insert(all.end(), more.begin(), more.end());
    }
    EXPECT_EQ(all.size(), ended_.records);
    EXPECT_TRUE(read(ended_.trace, all.size()).value().steps.empty());
    EXPECT_TRUE(read(ended_.trace, 0, true).ok());
    for (const auto& step : all) check(step);
    std::erase_if(all, [this](const auto& step) { return name_of(step.pool) != "small"; });
    return all;
  }
  void check(const admin::TraceStep& step) const {
    EXPECT_LE(step.since_ns, step.began_ns);
    EXPECT_LE(step.began_ns, step.ended_ns);
    EXPECT_LE(step.reply_ns, step.replied_ns);
    EXPECT_TRUE(step.reply_ns == 0 || step.began_ns <= step.reply_ns);
    EXPECT_LE(std::max(step.ended_ns, step.replied_ns), ended_.duration_ns + 1'000'000'000);
  }
  std::string name_of(PoolId id) const {
    for (const auto& pool : ended_.pools) {
      if (pool.id == id) return pool.name;
    }
    return {};
  }
  template <class Req>
  static Steps of(const Steps& all) {
    Steps out;
    std::copy_if(all.begin(), all.end(), std::back_inserter(out), [](const auto& step) {
      return !(step.flags & admin::kTraceNoTask) && step.method == Req::kMethod.id;
    });
    std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.began_ns < b.began_ns; });
    return out;
  }

  admin::TraceStopReply ended_;
  std::uint32_t moves_ = 0;
};

TEST_F(Trace, ATaskThatSleepsRunsAwaitsAndRuns) {
  ASSERT_TRUE(begin().ok());
  ASSERT_TRUE(small().on(container(3)).call<sm::Nap>(2'000U).get().ok());
  const Steps steps = of<sm::Nap>(end());
  ASSERT_GE(steps.size(), 2U);
  const auto& first = steps.front();
  EXPECT_EQ(first.flags, admin::kTraceQueued | admin::kTraceRan);
  EXPECT_NE(first.since_ns, 0U);
  EXPECT_EQ(first.reply_ns, 0U);
  for (std::size_t i = 1; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].flags, admin::kTraceRan);
    EXPECT_EQ(steps[i].since_ns, steps[i - 1].ended_ns) << "it waits from where it stopped";
    EXPECT_EQ(steps[i].container, 3U);
    EXPECT_EQ(steps[i].sequence, first.sequence);
    EXPECT_EQ(steps[i].session, first.session);
    EXPECT_GE(steps[i].began_ns, steps[i].since_ns);
  }
  const auto& last = steps.back();
  EXPECT_GE(last.began_ns - first.began_ns, 1'900'000U) << "the nap begins within the first step";
  EXPECT_GE(last.reply_ns, last.began_ns);
  EXPECT_LE(last.replied_ns, last.ended_ns);
}

TEST_F(Trace, EachPlainCallIsOneStepWithItsReply) {
  ASSERT_TRUE(begin().ok());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(small().on(container(i % kContainers)).call<sm::Null>().get().ok());
  const Steps steps = of<sm::Null>(end());
  ASSERT_EQ(steps.size(), 100U);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].flags, admin::kTraceQueued | admin::kTraceRan);
    EXPECT_EQ(steps[i].container, i % kContainers);
    EXPECT_NE(steps[i].since_ns, 0U);
    EXPECT_EQ(steps[i].reply_ns, steps[i].ended_ns);
    EXPECT_GT(steps[i].replied_ns, steps[i].reply_ns);
    if (i == 0) continue;
    EXPECT_GT(steps[i].sequence, steps[i - 1].sequence);
    EXPECT_GE(steps[i].began_ns, steps[i - 1].reply_ns) << "the next call was made after that reply";
  }
  const auto small = std::find_if(ended_.pools.begin(), ended_.pools.end(), [](auto& p) { return p.name == "small"; });
  ASSERT_NE(small, ended_.pools.end());
  EXPECT_TRUE(std::any_of(small->methods.begin(), small->methods.end(),
                          [](auto& method) { return method.id == sm::Null::kMethod.id && method.name == "null"; }));
}

TEST_F(Trace, CallsBetweenContainersAreThere) {
  ASSERT_TRUE(begin().ok());
  ASSERT_EQ(small().on(container(0)).call<sm::Md>(1U).get().value().value, 1U);
  const Steps steps = of<sm::Md>(end());
  ASSERT_GE(steps.size(), 3U);
  EXPECT_EQ(std::count_if(steps.begin(), steps.end(), [](auto& step) { return step.reply_ns != 0; }), 2);
  EXPECT_EQ(steps.front().container, 0U);
  EXPECT_EQ(steps.back().container, 0U);
  EXPECT_TRUE(std::any_of(steps.begin(), steps.end(), [](auto& step) { return step.container == 1; }));
}

TEST_F(Trace, TheNewestStayAndTheLostAreCounted) {
  ASSERT_EQ(begin(50).value().records, 50U);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(small().on(container(0)).call<sm::Null>().get().ok());
  const std::uint32_t worker = describe().containers[0].worker;
  const Steps steps = of<sm::Null>(end());
  EXPECT_LE(steps.size(), 50U);
  EXPECT_GE(steps.size(), 30U) << "what came last is there, but for the room of administration";
  const auto& counted = ended_.workers.at(worker);
  EXPECT_EQ(counted.records, 50U);
  EXPECT_GE(counted.lost, 450U);
  for (std::size_t i = 1; i < steps.size(); ++i) EXPECT_GT(steps[i].sequence, steps[i - 1].sequence);
}

// Each of its own steps is there, or it is counted: by the worker that has the container then, which may move at any
// time, and does here.
TEST_F(Trace, WhatComesTooFastIsThinnedAndCounted) {
  constexpr std::uint64_t kCalls = 300'000;
  for (const bool all : {true, false}) {
    ASSERT_TRUE(eventually([this] {
      work();  // of nothing at all, nothing is moved
      const auto there = describe().containers;
      const auto found = std::find_if(there.begin(), there.end(), [](const auto& each) { return each.worker == 1; });
      moves_ = found == there.end() ? kContainers : found->index;
      return moves_ != kContainers;
    }));
    ASSERT_TRUE(begin(2 * kCalls, all).ok());
    std::vector<Future<sm::Nothing>> calls;
    for (std::uint64_t i = 0; i < kCalls; ++i) {
      if (i == kCalls / 2) {
        ASSERT_TRUE(client_->admin().call<admin::WorkersSet>(1U, false).get().ok());
      }
      calls.push_back(small().on(container(moves_)).call<sm::Null>());
      if (calls.size() < 8192) continue;  // more than a burst that is whole, however slow this process is
      for (auto& call : calls) ASSERT_TRUE(call.get().ok());
      calls.clear();
    }
    for (auto& call : calls) ASSERT_TRUE(call.get().ok());
    const Steps steps = of<sm::Null>(end());
    ASSERT_EQ(describe().containers.at(moves_).worker, 0U);
    ASSERT_TRUE(client_->admin().call<admin::WorkersSet>(2U, false).get().ok());
    std::uint64_t passed_over = 0;
    for (const auto& each : ended_.workers) passed_over += each.passed_over;
    EXPECT_TRUE(!all || passed_over == 0U) << passed_over;
    EXPECT_GE(steps.size() + passed_over, kCalls);
    EXPECT_LE(steps.size() + passed_over, kCalls + 100) << "what the worker did beside them is passed over, too";
    EXPECT_GE(steps.size(), 1000U) << "a burst is whole";
  }
}

TEST_F(Trace, AHandlerThatDoesNotEndIsSeenAsSuch) {
  ASSERT_TRUE(begin().ok());
  ASSERT_TRUE(small().on(container(2)).call<sm::Spin>(400'000U).get().ok());
  const Steps steps = of<sm::Spin>(end());
  ASSERT_GE(steps.size(), 1U);
  EXPECT_EQ(steps[0].flags, admin::kTraceQueued | admin::kTraceRan | admin::kTraceOrphan);
  EXPECT_GE(steps[0].ended_ns - steps[0].began_ns, 390'000'000U);
}

// Each step is left to a thread of its own: the first as the task began, the others as it was resumed, and with the
// last it ends.
TEST_F(Trace, ATaskWaitsFromTheEndOfAStepThatRanOnAThreadOfItsOwn) {
  ASSERT_TRUE(begin().ok());
  ASSERT_TRUE(small().on(container(2)).call<sm::Turns>(2U, 200'000U, 2'000U).get().ok());
  ASSERT_TRUE(eventually([this] { return completed(2) == 1; }));
  Steps steps = of<sm::Turns>(end());
  std::erase_if(steps, [](auto& step) { return !(step.flags & admin::kTraceRan); });  // the reply, beside its step
  ASSERT_EQ(steps.size(), 3U);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_TRUE(steps[i].flags & admin::kTraceOrphan);
    if (i == 0) continue;
    EXPECT_EQ(steps[i].since_ns, steps[i - 1].ended_ns) << "step " << i;
  }
}

TEST_F(Trace, WhatStillWaitsAtTheEndIsThere) {
  ASSERT_TRUE(begin().ok());
  auto napping = small().on(container(2)).call<sm::Nap>(60'000'000U);
  ASSERT_TRUE(eventually([this] { return describe().containers[2].running == 1; }));
  const Steps steps = of<sm::Nap>(end());
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].flags, 0U);
  EXPECT_EQ(steps[1].since_ns, steps[0].ended_ns);
}

TEST_F(Trace, WorkersThatComeAndLanesThatMoveAreInIt) {
  ASSERT_TRUE(begin().ok());
  ASSERT_TRUE(client_->admin().call<admin::WorkersSet>(3U, false).get().ok());
  ASSERT_TRUE(client_->admin().call<admin::WorkersSet>(1U, false).get().ok());
  ASSERT_TRUE(small().on(container(1)).call<sm::Null>().get().ok());
  const Steps steps = end();
  EXPECT_EQ(ended_.workers.size(), 3U);
  EXPECT_EQ(of<sm::Null>(steps).at(0).worker, 0U);
  EXPECT_TRUE(std::any_of(steps.begin(), steps.end(), [](auto& step) {
    return step.flags & admin::kTraceMove && step.worker != 0 && step.to_worker == 0;
  }));
}

TEST_F(Trace, APoolThatIsGoneKeepsItsName) {
  const Pool other = client_->create_pool("other", {.module = "small_message"}).value();
  ASSERT_TRUE(begin().ok());
  ASSERT_TRUE(other.call<sm::Null>().get().ok());
  ASSERT_TRUE(client_->destroy_pool("other").ok());
  end();
  const auto gone = std::find_if(ended_.pools.begin(), ended_.pools.end(), [](auto& p) { return p.name == "other"; });
  ASSERT_NE(gone, ended_.pools.end());
  EXPECT_FALSE(gone->methods.empty());
}

TEST_F(Trace, OneAtATimeAndInOrder) {
  EXPECT_EQ(stop().code(), Code::failed_precondition);
  EXPECT_EQ(read(1, 0).code(), Code::failed_precondition);
  EXPECT_EQ(begin(1'000'000'000).code(), Code::invalid_argument);
  EXPECT_EQ(begin(~std::uint64_t{0}).code(), Code::invalid_argument);
  ASSERT_TRUE(begin(100).ok());
  EXPECT_EQ(begin(100).code(), Code::already_exists);
  EXPECT_EQ(read(1, 0).code(), Code::failed_precondition) << "it goes on";
  const auto first = stop().value();
  EXPECT_EQ(stop().value().records, first.records) << "once more, for who could not write it";
  EXPECT_TRUE(read(first.trace, ~std::uint64_t{0}).value().steps.empty());
  ASSERT_TRUE(begin(100).ok()) << "one that nobody reads is in nobody's way";
  end();
  EXPECT_EQ(stop().code(), Code::failed_precondition);
}

// Two who stop traces at once: what one reads is never the other's.
TEST_F(Trace, ATraceIsReadAndReleasedByItsNumber) {
  ASSERT_TRUE(begin().ok());
  ASSERT_TRUE(small().on(container(0)).call<sm::Null>().get().ok());
  const std::uint64_t first = stop().value().trace;
  EXPECT_EQ(read(0, 0).code(), Code::failed_precondition) << "there is none without a number";
  EXPECT_EQ(read(first + 1, 0).code(), Code::failed_precondition);
  ASSERT_TRUE(begin().ok());
  EXPECT_EQ(read(first, 0).code(), Code::aborted);
  const auto second = stop().value();
  EXPECT_NE(second.trace, first);
  const auto refused = read(first, 0);
  ASSERT_EQ(refused.code(), Code::aborted);
  EXPECT_NE(refused.error().text.find("has gone"), std::string::npos) << refused.error().text;
  EXPECT_EQ(read(first, 0, true).code(), Code::aborted);
  EXPECT_EQ(read(second.trace, 0).value().steps.size(), second.records) << "the other one is there as it was";
  ASSERT_TRUE(read(second.trace, 0, true).ok());
  EXPECT_EQ(read(second.trace, 0).code(), Code::aborted);
}

#ifndef CHI_SANITIZED  // sanitizers keep what is freed
TEST_F(Trace, ItsMemoryIsGoneOnceItWasRead) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const std::uint64_t before = status().resident_bytes;
  const std::uint64_t bytes = begin(1'000'000).value().bytes;
  EXPECT_GE(bytes, 100 * kMiB);
  EXPECT_GE(status().resident_bytes, before + bytes * 9 / 10);
  end();
  EXPECT_LE(status().resident_bytes, before + bytes / 10);
}
#endif

TEST_F(Trace, TheDaemonsEndTakesItAlong) { ASSERT_TRUE(begin().ok()); }

}  // namespace
}  // namespace chi::test
