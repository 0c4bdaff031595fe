// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Each domain query reaches the containers that it names, and every failure comes back with its container's number.
#include <kv/kv.h>

#include <set>

#include "common/small_node.h"

namespace chi::test {
namespace {

using Queries = SmallNode;

TEST_F(Queries, OneContainerByIndex) {
  for (std::uint32_t i = 0; i < kContainers; ++i) {
    EXPECT_TRUE(small().on(container(i)).call<sm::Null>().get().ok());
    EXPECT_EQ(completed(i), 1U);
  }
  auto beyond = small().on(container(kContainers)).call<sm::Null>().get();
  EXPECT_EQ(beyond.code(), Code::not_found);
  EXPECT_NE(beyond.error().text.find("5 containers"), std::string::npos) << beyond.error().text;
}

TEST_F(Queries, AHashAlwaysMeansTheSameContainer) {
  const std::uint64_t value = hash_bytes("apple");
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(small().on(chi::hash(value)).call<sm::Null>().get().ok());
  EXPECT_EQ(completed(container_of(value, kContainers)), 10U);
}

TEST_F(Queries, AllAndLocalAndNodeAndRange) {
  EXPECT_EQ(small().on(all()).gather<sm::Null>().get().value().replies.size(), 5U);
  EXPECT_EQ(small().on(local()).gather<sm::Null>().get().value().replies.size(), 5U);
  EXPECT_EQ(small().on(node(0)).gather<sm::Null>().get().value().replies.size(), 5U);
  auto some = small().on(range(1, 3)).gather<sm::Null>().get().value();
  ASSERT_EQ(some.replies.size(), 3U);
  EXPECT_EQ(some.replies[0].container, 1U);
  EXPECT_EQ(some.replies[2].container, 3U);
  EXPECT_EQ(completed(0), 3U);
  EXPECT_EQ(completed(1), 4U);
  EXPECT_EQ(small().on(node(7)).gather<sm::Null>().get().code(), Code::not_found);
  EXPECT_EQ(small().on(range(3, 3)).gather<sm::Null>().get().code(), Code::not_found);
}

TEST_F(Queries, AnyAvoidsWhoIsBusy) {
  std::vector<Future<sm::Nothing>> naps;
  for (std::uint32_t i = 0; i < kContainers - 1; ++i) {
    naps.push_back(small().on(container(i)).call<sm::Nap>(10'000'000U));
  }
  ASSERT_TRUE(eventually([&] {
    auto now = describe();
    return std::count_if(now.containers.begin(), now.containers.end(), [](auto& c) { return c.running == 1; }) == 4;
  }));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(small().on(any()).call<sm::Null>().get().ok());
  EXPECT_EQ(completed(kContainers - 1), 5U);
  for (auto& nap : naps) nap.cancel();
}

TEST_F(Queries, LeaderIsOne) {
  EXPECT_TRUE(small().on(leader()).call<sm::Null>().get().ok());
  EXPECT_EQ(completed(0), 1U);
}

TEST_F(Queries, UntilSuccessGoesOnInOrder) {
  auto failed = small().on(until_success(1, 3)).call<sm::Fail>(Code::aborted, "no", false).get();
  EXPECT_EQ(failed.code(), Code::aborted);
  EXPECT_EQ(completed(0), 0U);
  for (std::uint32_t i : {1U, 2U, 3U}) EXPECT_EQ(completed(i), 1U);
  EXPECT_EQ(completed(4), 0U);
  EXPECT_TRUE(small().on(until_success()).call<sm::Null>().get().ok());
  EXPECT_EQ(completed(0), 1U);
  EXPECT_EQ(completed(1), 1U);
}

TEST_F(Queries, PartialFailureNamesTheContainers) {
  auto pool = client_->create_pool("store", {.module = "kv", .containers = 3}).value();
  auto one = pool.call<kv::Put>("a key", Bytes("a value")).get();
  ASSERT_TRUE(one.ok()) << one.error().to_string();
  auto counted = pool.call<kv::Count>().get();
  ASSERT_TRUE(counted.ok());
  EXPECT_EQ(counted->count, 1U);
  auto all_fail = small().on(all()).gather<sm::Fail>(Code::data_loss, "broken", false).get().value();
  EXPECT_EQ(all_fail.failures.size(), 5U);
  std::set<std::uint32_t> who;
  for (auto& failure : all_fail.failures) {
    who.insert(failure.container);
    EXPECT_EQ(failure.error.code, Code::data_loss);
    EXPECT_EQ(failure.error.text, "broken");
  }
  EXPECT_EQ(who.size(), 5U);
}

TEST_F(Queries, AnOldEpochIsRefusedOrCorrected) {
  // The client believes the lane map; it is right here, so that every call is admitted at the first attempt.
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(small().on(container(3)).call<sm::Null>().get().ok());
  EXPECT_EQ(completed(3), 100U);
  EXPECT_EQ(describe().containers[3].epoch, 1U);
}

TEST_F(Queries, PoolsComeAndGoUnderTheSameName) {
  for (int round = 0; round < 5; ++round) {
    auto pool = client_->create_pool("brief", {.module = "small_message", .containers = 3});
    ASSERT_TRUE(pool.ok()) << pool.error().to_string();
    EXPECT_TRUE(client_->pool("brief").on(container(2)).call<sm::Null>().get().ok());
    EXPECT_EQ(client_->create_pool("brief", {.module = "small_message", .containers = 3}).code(), Code::already_exists);
    ASSERT_TRUE(client_->destroy_pool("brief").ok());
    EXPECT_EQ(client_->pool("brief").on(container(2)).call<sm::Null>().get().code(), Code::not_found);
  }
}

}  // namespace
}  // namespace chi::test
