// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whatever containers the records are spread over, pages of merged scans give each key once, in order.
#include <chimaera/codec.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "../src/aggregates.h"

namespace kv {
namespace {

std::vector<std::string> keys_of(const ScanReply& reply) {
  std::vector<std::string> out;
  for (const Record& record : reply.records) out.push_back(record.key);
  return out;
}

ScanReply merged(const std::vector<Records>& containers, const Scan& request) {
  ScanReply out = scan(containers[0], request).value();
  for (std::size_t i = 1; i < containers.size(); ++i) Scan::merge(out, scan(containers[i], request).value());
  return out;
}

std::vector<std::string> all_pages(const std::vector<Records>& containers, Scan request) {
  std::vector<std::string> out;
  for (;;) {
    const ScanReply page = merged(containers, request);
    EXPECT_LE(page.records.size(), request.limit);
    for (const std::string& key : keys_of(page)) out.push_back(key);
    if (!page.more) return out;
    if (page.records.empty()) return {"a page that says there is more and has nothing"};
    request.after = out.back();
  }
}

TEST(Scan, GivesTheFirstKeysWithTheirValues) {
  const Records records{{"b", "2"}, {"a", "1"}, {"d", "4"}, {"c", "3"}};
  const ScanReply reply = scan(records, Scan{"", 2, "", false}).value();
  EXPECT_EQ(keys_of(reply), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reply.records[1].value.view(), "2");
  EXPECT_TRUE(reply.more);
  const ScanReply rest = scan(records, Scan{"", 2, "b", true}).value();
  EXPECT_EQ(keys_of(rest), (std::vector<std::string>{"c", "d"}));
  EXPECT_TRUE(rest.records[0].value.empty());
  EXPECT_FALSE(rest.more);
}

TEST(Scan, GivesOnlyKeysOfThePrefix) {
  const Records records{{"aa", ""}, {"ab", ""}, {"b", ""}, {"a", ""}};
  EXPECT_EQ(keys_of(scan(records, Scan{"a"}).value()), (std::vector<std::string>{"a", "aa", "ab"}));
  EXPECT_TRUE(scan(records, Scan{"c"}).value().records.empty());
}

TEST(Scan, RefusesALimitThatNoReplyHas) {
  EXPECT_EQ(scan({}, Scan{"", 0}).code(), chi::Code::invalid_argument);
  EXPECT_EQ(scan({}, Scan{"", kMaxScan + 1}).code(), chi::Code::invalid_argument);
}

TEST(Scan, StopsBeforeAReplyGrowsTooLarge) {
  const std::string large(kMaxScanBytes * 2 / 3, 'x');
  const Records records{{"a", large}, {"b", large}, {"c", std::string(kMaxScanBytes * 2, 'y')}};
  const ScanReply first = scan(records, Scan{"", 10}).value();
  EXPECT_EQ(keys_of(first), std::vector<std::string>{"a"});
  EXPECT_TRUE(first.more);
  const ScanReply last = scan(records, Scan{"", 10, "b"}).value();
  EXPECT_EQ(keys_of(last), std::vector<std::string>{"c"});
  EXPECT_FALSE(last.more);
}

// One container's page ends at "b" for its size, though the limit would take the other's "z" as well.
TEST(Scan, LeavesOutWhatComesBehindAPageThatWasCutShort) {
  const std::string large(kMaxScanBytes * 2 / 3, 'x');
  const std::vector<Records> containers{{{"a", ""}, {"z", ""}}, {{"b", large}, {"c", large}}};
  const ScanReply page = merged(containers, Scan{"", 10});
  EXPECT_EQ(keys_of(page), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(page.more);
  EXPECT_EQ(all_pages(containers, Scan{"", 10}), (std::vector<std::string>{"a", "b", "c", "z"}));
}

// However many containers there are, and whatever their records are like.
TEST(Scan, APageIsAsLargeAsAMessageMayBe) {
  for (const std::size_t size : {0U, 1U, 100U, 500U, 600U}) {
    std::vector<Records> containers(4);
    for (unsigned i = 0; i < 16'000; ++i) containers[i % 4].emplace("k" + std::to_string(i), std::string(size, 'v'));
    const ScanReply page = merged(containers, Scan{"", kMaxScan});
    EXPECT_TRUE(page.more);
    chi::Encoder encoder;
    chi::encode_message(encoder, page);
    EXPECT_LE(encoder.size(), 1U << 20) << size;
    EXPECT_GT(page.records.size(), std::min<std::size_t>(kMaxScan, (900U << 10) / (size + 30)) - 1) << size;
    EXPECT_EQ(all_pages(containers, Scan{"", kMaxScan}).size(), 16'000U);
  }
}

TEST(Scan, PagesOfManyContainersGiveEachKeyOnceInOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Records> containers(1 + random() % 5);
    std::set<std::string> expected;
    for (unsigned i = 0; i < 200; ++i) {
      const std::string key = "k" + std::to_string(random() % 1000);
      if (!expected.insert(key).second) continue;
      containers[random() % containers.size()].emplace(key, std::string(random() % 40'000, 'v'));
    }
    const Scan request{"k", 1 + static_cast<std::uint32_t>(random() % 60), "", random() % 2 == 0};
    EXPECT_EQ(all_pages(containers, request), std::vector<std::string>(expected.begin(), expected.end()));
  }
}

}  // namespace
}  // namespace kv
