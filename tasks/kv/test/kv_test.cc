// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The built module in a runtime, as its callers see it.
#include <chimaera/runtime.h>
#include <gtest/gtest.h>
#include <kv/kv.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kv {
namespace {

constexpr std::uint32_t kContainers = 4;

std::string text_of(int i) {
  std::string text = "Package: p" + std::to_string(i) + "\nSection: s" + std::to_string(i % 3) + "\n";
  if (i % 10 != 0) text += "Installed-Size: " + std::to_string(i) + "\n";
  return text + "Description: number " + std::to_string(i) + "\n";
}

chi::Bytes encoded(const Config& config) { return chi::Bytes(chi::encode_to_string(config)); }

class KvTest : public ::testing::Test {
 protected:
  chi::Pool make(std::uint32_t containers, const Config& config = {}) {
    chi::PoolOptions options{.module = "kv", .containers = containers};
    options.config = encoded(config);
    return client_.create_pool("kv", options).value();
  }

  chi::Runtime runtime_ = chi::Runtime::start({.workers = 2, .module_paths = {KV_MODULES}}).value();
  chi::Client client_ = runtime_.connect().value();
};

TEST_F(KvTest, KeepsWhatWasPut) {
  const chi::Pool pool = make(kContainers);
  std::map<std::string, std::string> expected;
  for (std::size_t size : {0, 1, 100, 448, 460, 512, 513, 4096, 100'000}) {
    const std::string key = "key-" + std::to_string(size);
    expected[key] = std::string(size, static_cast<char>('a' + size % 26));
    EXPECT_FALSE(pool.call<Put>(key, expected[key]).get().value().replaced);
  }
  for (const auto& [key, value] : expected) {
    const GetReply reply = pool.call<Get>(key).get().value();
    ASSERT_TRUE(reply.value.has_value()) << key;
    EXPECT_EQ(reply.value->view(), value) << key;
  }
  EXPECT_EQ(pool.call<Count>().get().value().count, expected.size());
}

TEST_F(KvTest, ReplacesAndRemoves) {
  const chi::Pool pool = make(kContainers);
  EXPECT_FALSE(pool.call<Put>("apple", "red").get().value().replaced);
  EXPECT_TRUE(pool.call<Put>("apple", "a longer green").get().value().replaced);
  EXPECT_EQ(pool.call<Get>("apple").get().value().value->view(), "a longer green");
  EXPECT_TRUE(pool.call<Del>("apple").get().value().removed);
  EXPECT_FALSE(pool.call<Del>("apple").get().value().removed);
  EXPECT_FALSE(pool.call<Get>("apple").get().value().value.has_value());
  const StatReply stats = pool.call<Stat>().get().value();
  EXPECT_EQ(stats.records, 0u);
  EXPECT_EQ(stats.key_bytes, 0u);
  EXPECT_EQ(stats.value_bytes, 0u);
}

// The reply refers to the container's memory until it is sent: what comes after must not show in it.
TEST_F(KvTest, RepliesAreOfTheTimeOfTheCall) {
  const chi::Pool pool = make(1);
  std::vector<chi::Future<GetReply>> replies;
  for (int i = 0; i < 400; ++i) {
    const std::string value(i % 2 == 0 ? 5000 : 100, static_cast<char>('a' + i % 26));
    auto put = pool.call<Put>("key", value);
    replies.push_back(pool.call<Get>("key"));
  }
  for (int i = 0; i < 400; ++i) {
    const GetReply reply = replies[static_cast<std::size_t>(i)].get().value();
    EXPECT_EQ(reply.value->view(), std::string(i % 2 == 0 ? 5000 : 100, static_cast<char>('a' + i % 26)));
  }
}

TEST_F(KvTest, RefusesKeysThatCannotBeFoundAgain) {
  const chi::Pool pool = make(kContainers);
  EXPECT_EQ(pool.call<Put>("", "x").get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(pool.call<Put>(std::string(kMaxKey + 1, 'k'), "x").get().code(), chi::Code::invalid_argument);
  const std::uint32_t wrong = (container_of_key("apple", kContainers) + 1) % kContainers;
  const chi::Pool elsewhere = pool.on(chi::container(wrong));
  EXPECT_EQ(elsewhere.call<Put>("apple", "x").get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(elsewhere.send(PutMany{{{"apple", "x"}}}).get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(pool.call<Count>().get().value().count, 0u);
}

TEST_F(KvTest, StoresBatchesAsAWhole) {
  const chi::Pool pool = make(kContainers);
  std::map<std::uint32_t, PutMany> batches;
  for (int i = 0; i < 500; ++i) {
    const std::string key = "key" + std::to_string(i);
    batches[container_of_key(key, kContainers)].records.push_back(
        {key, std::string(static_cast<std::size_t>(i) * 3, 'v')});
  }
  std::uint64_t added = 0;
  for (auto& [container, batch] : batches) {
    batch.records.push_back(batch.records[0]);
    const PutManyReply reply = pool.on(chi::container(container)).send(batch).get().value();
    added += reply.added;
    EXPECT_EQ(reply.replaced, 1u);
  }
  EXPECT_EQ(added, 500u);
  for (int i = 0; i < 500; ++i) {
    const GetReply reply = pool.call<Get>("key" + std::to_string(i)).get().value();
    EXPECT_EQ(reply.value->view(), std::string(static_cast<std::size_t>(i) * 3, 'v'));
  }
}

TEST_F(KvTest, RefusesWhatIsBeyondItsLimitAndGoesOn) {
  Config config;
  config.max_bytes = 10'000;
  const chi::Pool pool = make(1, config);
  const std::string large(4000, 'x');
  EXPECT_TRUE(pool.call<Put>("a", large).get().ok());
  EXPECT_TRUE(pool.call<Put>("b", large).get().ok());
  const auto refused = pool.call<Put>("c", large).get();
  EXPECT_EQ(refused.code(), chi::Code::resource_exhausted);
  EXPECT_NE(refused.error().text.find("max_bytes"), std::string::npos) << refused.error().text;
  EXPECT_EQ(pool.send(PutMany{{{"d", "small"}, {"e", large}}}).get().code(), chi::Code::resource_exhausted);
  EXPECT_EQ(pool.call<Count>().get().value().count, 2u);
  EXPECT_TRUE(pool.call<Put>("a", "small").get().ok());
  EXPECT_TRUE(pool.call<Put>("c", large).get().ok());
}

TEST_F(KvTest, AggregatesAreOfAllContainers) {
  const chi::Pool pool = make(kContainers);
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::map<std::string, std::int64_t> sums;
  std::uint64_t skipped = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(pool.call<Put>("p" + std::to_string(i), text_of(i)).get().ok());
    ++counts["s" + std::to_string(i % 3)];
    if (i % 10 == 0) {
      ++skipped;
    } else {
      sums["s" + std::to_string(i % 3)] += i;
    }
  }
  ASSERT_TRUE(pool.call<Put>("none", "no lines at all").get().ok());
  const TallyReply tally = pool.call<Tally>("Section").get().value();
  EXPECT_EQ(tally.counts, counts);
  EXPECT_EQ(tally.without, 1u);
  const SumReply sum = pool.call<Sum>("Section", "Installed-Size").get().value();
  EXPECT_EQ(sum.skipped, skipped + 1);
  ASSERT_EQ(sum.totals.size(), sums.size());
  for (const auto& [section, total] : sums) EXPECT_EQ(sum.totals.at(section).sum, total) << section;
  EXPECT_EQ(pool.call<Match>("number [0-9]?[13579]\\b").get().value().matches, 50u);
  const ScanReply scan = pool.call<Scan>("p1", 3u).get().value();
  ASSERT_EQ(scan.records.size(), 3u);
  EXPECT_EQ(scan.records[2].key, "p100");
  EXPECT_EQ(scan.records[2].value.view(), text_of(100));
}

TEST_F(KvTest, SaysWhatIsWrongWithAQuestion) {
  const chi::Pool pool = make(kContainers);
  const auto match = pool.call<Match>("a(b").get();
  EXPECT_EQ(match.code(), chi::Code::invalid_argument);
  EXPECT_NE(match.error().text.find("missing )"), std::string::npos) << match.error().text;
  EXPECT_EQ(pool.call<Match>("((a{100}){100}){100}").get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(pool.call<Match>(std::string(5000, 'a')).get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(pool.call<Tally>("").get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(pool.call<Sum>("Section", "a:b").get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(pool.call<Scan>("", 0u).get().code(), chi::Code::invalid_argument);
}

TEST_F(KvTest, ASumBeyond64BitsIsAnError) {
  const chi::Pool pool = make(1);
  for (const char* key : {"a", "b"}) {
    ASSERT_TRUE(pool.call<Put>(key, "G: x\nV: 9223372036854775807\n").get().ok());
  }
  EXPECT_EQ(pool.call<Sum>("G", "V").get().code(), chi::Code::invalid_argument);
}

// No container's sum is too large, but that of all is.
TEST_F(KvTest, ASumOfContainersBeyond64BitsIsTheSameError) {
  const chi::Pool pool = make(kContainers);
  std::string second = "b";
  while (container_of_key(second, kContainers) == container_of_key("a", kContainers)) second += "b";
  for (const std::string& key : {std::string("a"), second}) {
    ASSERT_TRUE(pool.call<Put>(key, "G: x\nV: -9223372036854775808\n").get().ok());
  }
  const auto sum = pool.call<Sum>("G", "V").get();
  EXPECT_EQ(sum.code(), chi::Code::invalid_argument);
  EXPECT_EQ(sum.error().text, "the sum of group 'x' goes beyond 64 bits");
  const auto gathered = pool.gather<Sum>("G", "V").get();
  EXPECT_EQ(gathered.code(), chi::Code::invalid_argument);
  EXPECT_EQ(gathered.error().text, "the sum of group 'x' goes beyond 64 bits");
  EXPECT_EQ(pool.call<Count>().get().value().count, 2U);
}

TEST_F(KvTest, LimitsThatAddUpBeyond64BitsAreStillALimit) {
  const chi::Pool pool = make(2, {.max_bytes = std::uint64_t{1} << 63});
  EXPECT_EQ(pool.call<Stat>().get().value().max_bytes, ~std::uint64_t{0});
}

}  // namespace
}  // namespace kv
