// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is measured of calls on a real node: each is counted, long ones are seen with their time, queued ones predicted.
#include <small_message/small_message.h>

#include "common/small_node.h"

namespace chi::test {
namespace {

using namespace std::chrono_literals;

class Metering : public SmallNode {
 protected:
  // The row of a method of small_message; empty where there is none.
  admin::MethodLoadInfo row(const std::string& method) const {
    const auto reply = client_->admin().call<admin::Methods>().get().value();
    for (const auto& each : reply.methods) {
      if (each.module == "small_message" && each.method == method) return each;
    }
    return {};
  }
};

TEST_F(Metering, EachTaskAndByteIsCounted) {
  constexpr std::uint64_t kCalls = 3000;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    ASSERT_TRUE(small().on(container(static_cast<std::uint32_t>(i % kContainers))).call<sm::Null>().get().ok());
  }
  const admin::MethodLoadInfo null = row("null");
  EXPECT_EQ(null.tasks, kCalls);
  EXPECT_EQ(null.failed, 0U);
  const std::uint64_t each = null.bytes / kCalls;
  EXPECT_EQ(null.bytes, each * kCalls) << "all are alike";

  constexpr std::uint64_t kBulk = 100'000;
  const Buffer loan = client_->allocate_buffer(kBulk).value();
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(small().on(container(1)).call<sm::PassBuffer>(loan).get().ok());
  const admin::MethodLoadInfo bulk = row("pass_buffer");
  EXPECT_EQ(bulk.tasks, 7U);
  EXPECT_GE(bulk.bytes, 7 * kBulk);
  EXPECT_LT(bulk.bytes, 7 * (kBulk + 64));
  ASSERT_EQ(bulk.classes.size(), 1U);
  EXPECT_EQ(bulk.classes[0].size_class, 17U) << "64 KiB to 128 KiB";
}

TEST_F(Metering, FailuresAreCounted) {
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(small().on(container(0)).call<sm::Fail>(Code::aborted, "so").get().ok());
  EXPECT_EQ(row("fail").failed, 5U);
  EXPECT_EQ(row("fail").tasks, 5U);
}

TEST_F(Metering, ALongHandlerIsSeenWithItsTime) {
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(small().on(container(2)).call<sm::Null>().get().ok());
  EXPECT_FALSE(row("null").long_running);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(small().on(container(2)).call<sm::Spin>(3000U).get().ok());
  const admin::MethodLoadInfo spin = row("spin");
  EXPECT_EQ(spin.tasks, 6U);
  EXPECT_GE(spin.mean_ns, 3e6 * 0.99);
  EXPECT_LT(spin.mean_ns, 3e7);
  EXPECT_GE(spin.p50_ns, 2e6);
  EXPECT_TRUE(spin.long_running);
  EXPECT_GE(spin.total_ns, 18'000'000U * 0.99);
  EXPECT_EQ(spin.predicted, 5U) << "all but the first";
  EXPECT_GE(spin.predicted_mean_ns, 3e6 * 0.99);
  EXPECT_GE(spin.actual_mean_ns, 3e6 * 0.99);
}

// A coroutine's time is that of its steps, not that of its sleep.
TEST_F(Metering, WaitingIsNoHandlerTime) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(small().on(container(3)).call<sm::Nap>(10'000U).get().ok());
  const admin::MethodLoadInfo nap = row("nap");
  EXPECT_EQ(nap.tasks, 10U);
  EXPECT_GE(nap.p50_ns, 8e6) << "its latency is";
  EXPECT_GT(nap.total_ns, 0U);
  EXPECT_LT(nap.mean_ns, 5e6);
  EXPECT_FALSE(nap.long_running);
}

// Each level is a coroutine that waits for a call: three steps, two of them completions.
TEST_F(Metering, TasksOfContainersAreCountedToo) {
  ASSERT_TRUE(small().on(container(0)).call<sm::Md>(20U).get().ok());
  ASSERT_TRUE(small().on(container(0)).call<sm::Md>(20U).get().ok());
  const admin::MethodLoadInfo md = row("md");
  EXPECT_EQ(md.tasks, 42U);
  EXPECT_GT(md.total_ns, 0U);
  EXPECT_GT(md.predicted, 0U);
}

TEST_F(Metering, AHandlerLeftToAThreadOfItsOwnIsMeasured) {
  ASSERT_TRUE(small().on(container(4)).call<sm::Spin>(400'000U).get().ok());
  EXPECT_GE(row("spin").total_ns, 390'000'000U);
}

}  // namespace
}  // namespace chi::test
