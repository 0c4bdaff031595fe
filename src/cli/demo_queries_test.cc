// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The demo's loader and queries against a real pool: right results are found right, and wrong ones wrong.
#include "cli/demo_queries.h"

#include <chimaera/runtime.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/demo_load.h"

namespace chi::cli {
namespace {

constexpr std::uint32_t kContainers = 3;
constexpr int kRecords = 400;

std::string key_of(int i) { return "python3-p" + std::to_string(i); }

std::string text_of(int i) {
  return "Package: " + key_of(i) + "\nSection: s" + std::to_string(i % 4) + "\nInstalled-Size: " + std::to_string(i) +
         "\nDepends: python3." + std::to_string(i) + (i % 2 == 0 ? "\n" : "x\n") +
         std::string(i == 7 ? 200'000 : static_cast<std::size_t>(i) * 5, 'd') + "\n";
}

class DemoQueriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    DemoLoader loader(client_, pool_, kContainers);
    for (int i = 0; i < kRecords; ++i) {
      ASSERT_TRUE(loader.put(key_of(i), text_of(i)).ok());
      expected_.add(key_of(i), text_of(i));
    }
    ASSERT_TRUE(loader.finish().ok());
  }

  // How many of the queries find something that differs.
  int problems() {
    int out = 0;
    const auto queries = run_queries(pool_, expected_).value();
    for (const DemoQuery& query : queries) out += !query.checked();
    return out;
  }

  Runtime runtime_ = Runtime::start({.module_paths = {CHI_TEST_MODULES}}).value();
  Client client_ = runtime_.connect().value();
  Pool pool_ = client_.create_pool("packages", {.module = "kv", .containers = kContainers}).value();
  DemoExpectation expected_;
};

TEST_F(DemoQueriesTest, FindWhatIsThere) {
  EXPECT_EQ(problems(), 0);
  DemoReport report;
  ASSERT_TRUE(measure_lookups(pool_, expected_, report).ok());
  EXPECT_TRUE(report.correct());
  EXPECT_GT(report.lookups, 0u);
  EXPECT_LE(report.p50_ns, report.p99_ns);
  std::uint64_t records = 0;
  const auto containers = find_containers(client_, pool_).value();
  for (const DemoContainer& each : containers) records += each.records;
  EXPECT_EQ(records, static_cast<std::uint64_t>(kRecords));
}

TEST_F(DemoQueriesTest, NoticeARecordThatIsMissing) {
  expected_.add("python3-missing", text_of(8));
  EXPECT_EQ(problems(), 5);
}

TEST_F(DemoQueriesTest, NoticeARecordTooMany) {
  ASSERT_TRUE(pool_.call<kv::Put>("python3-more", text_of(8)).get().ok());
  EXPECT_EQ(problems(), 5);
}

TEST_F(DemoQueriesTest, NoticeARecordThatIsAnother) {
  expected_.add(key_of(8), text_of(9));  // count and scan are the same
  EXPECT_EQ(problems(), 3);
  for (int i = 0; i < kRecords; ++i) expected_.add(key_of(i), text_of(i + 1));
  DemoReport report;
  ASSERT_TRUE(measure_lookups(pool_, expected_, report).ok());
  EXPECT_FALSE(report.correct());
}

TEST_F(DemoQueriesTest, PassOnWhatACallFailsWith) {
  ASSERT_TRUE(client_.destroy_pool("packages").ok());
  EXPECT_EQ(run_queries(pool_, expected_).code(), Code::not_found);
  DemoReport report;
  EXPECT_EQ(measure_lookups(pool_, expected_, report).code(), Code::not_found);
  DemoLoader loader(client_, pool_, kContainers);
  ASSERT_TRUE(loader.put("key", "value").ok());
  EXPECT_EQ(loader.finish().code(), Code::not_found);
}

}  // namespace
}  // namespace chi::cli
