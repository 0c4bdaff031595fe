// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls that last, end early, are nested, are repeated, or that nobody waits for.
#include <thread>

#include "common/small_node.h"

namespace chi::test {
namespace {

using namespace std::chrono_literals;
using Lifecycle = SmallNode;

TEST_F(Lifecycle, NestsToAnyDepthThroughOtherContainers) {
  for (std::uint32_t depth : {0U, 1U, 7U, 5000U}) {
    auto reply = small().on(container(0)).call<sm::Md>(depth).get();
    ASSERT_TRUE(reply.ok()) << depth << ": " << reply.error().to_string();
    EXPECT_EQ(reply->value, 1U);
  }
}

TEST_F(Lifecycle, TheDeadlineAnswersAndEndsWhatWaits) {
  auto nap = small().on(container(1)).with_deadline(30ms).call<sm::Nap>(60'000'000U).get();
  EXPECT_EQ(nap.code(), Code::deadline_exceeded);
  EXPECT_TRUE(eventually([&] { return describe().containers[1].running == 0; })) << "the sleeper was not ended";
}

TEST_F(Lifecycle, ACancelledCallEndsWithAllThatItCalled) {
  auto nap = small().on(container(1)).call<sm::Nap>(60'000'000U);
  ASSERT_TRUE(eventually([&] { return describe().containers[1].running == 1; }));
  nap.cancel();
  EXPECT_EQ(nap.get().code(), Code::cancelled);
  EXPECT_TRUE(eventually([&] { return describe().containers[1].running == 0; }));
}

TEST_F(Lifecycle, ASessionThatEndsEndsItsCalls) {
  {
    auto other = runtime_->connect().value();
    auto nap = other.pool("small").on(container(2)).call<sm::Nap>(60'000'000U);
    ASSERT_TRUE(eventually([&] { return describe().containers[2].running == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return describe().containers[2].running == 0; }));
  EXPECT_TRUE(eventually([&] { return status().sessions.size() == 1; }));
}

TEST_F(Lifecycle, AHandlerThatThrowsIsAnError) {
  auto thrown = small().on(container(0)).call<sm::Fail>(Code::internal, "thrown on purpose", true).get();
  EXPECT_EQ(thrown.code(), Code::internal);
  EXPECT_NE(thrown.error().text.find("thrown on purpose"), std::string::npos) << thrown.error().text;
  EXPECT_TRUE(small().on(container(0)).call<sm::Null>().get().ok());
}

TEST_F(Lifecycle, FlushWaitsForWhatWasForgotten) {
  for (int i = 0; i < 200; ++i) {
    auto forgotten = small().on(container(0)).fire_and_forget().call<sm::Nap>(1000U);
    ASSERT_TRUE(forgotten.get().ok());
  }
  ASSERT_TRUE(client_->flush().ok());
  EXPECT_EQ(completed(0), 200U);
}

TEST_F(Lifecycle, ABarrierWaitsForEverybodysTasks) {
  const Client other = runtime_->connect().value();
  std::vector<Future<sm::Nap::Reply>> naps;
  naps.reserve(kContainers);
  for (std::uint32_t i = 0; i < kContainers; ++i) {
    naps.push_back(other.pool("small").on(container(i)).call<sm::Nap>(30'000U));
  }
  for (std::uint32_t i = 0; i < kContainers; ++i) {
    ASSERT_TRUE(eventually([&] { return describe().containers[i].running == 1; }));
  }
  auto barrier = small().gather<Barrier>().get();
  ASSERT_TRUE(barrier.ok() && barrier->complete()) << barrier.error().to_string();
  EXPECT_EQ(barrier->replies.size(), kContainers);
  for (const auto& each : describe().containers) EXPECT_EQ(each.running, 0U) << each.index;
  for (auto& nap : naps) EXPECT_TRUE(nap.get().ok());
}

// Barriers of many containers, some given up by their callers, count nothing but what each of them waits for.
TEST_F(Lifecycle, BarriersThatAreGivenUpLeaveTheOthersAlone) {
  for (int round = 0; round < 30; ++round) {
    auto nap = small().on(container(0)).call<sm::Nap>(4'000U);
    auto forever = small().on(container(1)).call<sm::Nap>(1'000'000U);
    auto first = small().on(container(0)).call<Barrier>();
    auto given_up = small().on(container(1)).call<Barrier>();
    auto late = small().on(container(1)).with_deadline(2ms).call<Barrier>();
    auto others = small().on(range(2, 3)).gather<Barrier>();
    ASSERT_TRUE(others.get().ok());
    given_up.cancel();
    EXPECT_EQ(given_up.get().code(), Code::cancelled);
    EXPECT_EQ(late.get().code(), Code::deadline_exceeded);
    EXPECT_TRUE(first.get().ok());
    EXPECT_TRUE(nap.ready()) << "the barrier did not wait for it";
    forever.cancel();
    EXPECT_EQ(forever.get().code(), Code::cancelled);
    EXPECT_TRUE(small().on(container(1)).with_deadline(5s).call<Barrier>().get().ok());
  }
}

TEST_F(Lifecycle, ForgottenFailuresAreCounted) {
  for (int i = 0; i < 3; ++i) {
    (void)small().on(container(0)).fire_and_forget().call<sm::Fail>(Code::aborted, "x", false).get();
  }
  ASSERT_TRUE(client_->flush().ok());
  EXPECT_TRUE(eventually([&] { return status().failed_forgotten == 3; }));
}

TEST_F(Lifecycle, PeriodicCallsRepeatUntilCancelled) {
  auto periodic = small().on(container(4)).every(2ms).call<sm::Null>();
  ASSERT_TRUE(periodic.ok()) << periodic.error().to_string();
  ASSERT_TRUE(eventually([&] { return completed(4) >= 10; }));
  periodic->cancel();
  EXPECT_EQ(periodic->wait().code, Code::cancelled);
  const std::uint64_t then = completed(4);
  auto nap = small().on(container(3)).call<sm::Nap>(20'000U).get();
  EXPECT_TRUE(nap.ok());
  EXPECT_EQ(completed(4), then);
}

TEST_F(Lifecycle, ADestroyedPoolWaitsForItsTasks) {
  auto nap = small().on(container(0)).call<sm::Nap>(50'000U);
  ASSERT_TRUE(eventually([&] { return describe().containers[0].running == 1; }));
  ASSERT_TRUE(client_->destroy_pool("small").ok());
  EXPECT_TRUE(nap.get().ok()) << "destroyed under a running task";
}

TEST_F(Lifecycle, BulkDataArrivesWhole) {
  for (std::uint64_t size : {0U, 1U, 511U, 513U, 4096U, 1U << 20, 5U << 20}) {
    auto read = small().on(container(1)).call<sm::Read>(size, 42U).get();
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    ASSERT_EQ(read->data.size(), size);
    auto back = small().on(container(2)).call<sm::Write>(read->data, read->checksum).get();
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(back->checksum, read->checksum);
    auto wrong = small().on(container(2)).call<sm::Write>(read->data, read->checksum + 1).get();
    EXPECT_EQ(wrong.code(), Code::data_loss);
  }
}

TEST_F(Lifecycle, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(
            small().on(container(static_cast<std::uint32_t>(i) % kContainers)).call<sm::Md>(3U).get().value().value,
            1U);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(eventually([&] {
    auto now = describe();
    return std::all_of(now.containers.begin(), now.containers.end(), [](auto& c) { return c.running == 0; });
  }));
}

}  // namespace
}  // namespace chi::test
