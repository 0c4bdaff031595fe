// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// OperationStats: counted, found in replies, taken apart.
#include "cli/operations.h"

#include <gtest/gtest.h>

#include <optional>

#include "cli/json.h"

namespace chi::cli {
namespace {

struct Disk {
  std::uint32_t index = 0;
  std::string backend;
  std::vector<OperationStats> operations;
};
struct Reply {
  std::vector<Disk> disks;
  std::optional<Disk> spare;
  std::uint64_t records = 0;
};
struct Bare {
  std::vector<OperationStats> things;
};
struct Other {
  std::string name;
  std::uint32_t operations = 0;  // of 32 bits: something else that has the name
};
struct OtherReply {
  std::vector<Other> operations;
};

OperationStats stats(std::string name, std::uint64_t count, std::uint64_t elapsed_ns = 1'000'000'000) {
  return {std::move(name), count, 1, count * 10, count * 100, {0, count}, elapsed_ns};
}

template <class T>
std::vector<Operations> collected(const T& reply, std::optional<std::uint64_t> container = std::nullopt) {
  std::vector<Operations> out;
  collect_operations(parse_schema(schema_of<T>()).value(), to_json(reply).value(), "p", container, out);
  return out;
}

TEST(Meter, CountsWhatWasDone) {
  Meter meter;
  {
    Meter::Run(meter).done(100);
  }
  {
    Meter::Run failed(meter);
  }
  const OperationStats told = meter.stats("put");
  EXPECT_EQ(told.name, "put");
  EXPECT_EQ(told.operations, 2u);
  EXPECT_EQ(told.failed, 1u);
  EXPECT_EQ(told.bytes, 100u);
  EXPECT_GE(told.elapsed_ns, told.total_ns);
  std::uint64_t counted = 0;
  for (const std::uint64_t each : told.histogram) counted += each;
  EXPECT_EQ(counted, 2u);
}

TEST(Percentile, LiesInItsBucket) {
  EXPECT_EQ(percentile_ns({}, 0.5), 0);
  EXPECT_EQ(percentile_ns(std::vector<std::uint64_t>(20), 0.5), 0);
  const std::uint64_t histogram[] = {0, 0, 0, 90, 0, 10};  // 90 of 4 to 8 ns, 10 of 16 to 32
  EXPECT_NEAR(percentile_ns(histogram, 0.45), 6, 1e-9);
  EXPECT_NEAR(percentile_ns(histogram, 0.9), 8, 1e-9);
  EXPECT_NEAR(percentile_ns(histogram, 0.95), 24, 1e-9);
  EXPECT_NEAR(percentile_ns(histogram, 1), 32, 1e-9);
  const std::uint64_t many[] = {UINT64_MAX, UINT64_MAX};
  EXPECT_LE(percentile_ns(many, 0.99), 2);
}

TEST(Operations, AreFoundWhereverTheyAre) {
  const Reply reply{{{3, "file:/a", {stats("put", 5), stats("get", 6)}}, {4, "ram", {stats("put", 7)}}},
                    Disk{9, "spare", {stats("put", 8)}},
                    1};
  const auto found = collected(reply);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].container, 3u);
  EXPECT_EQ(found[0].backend, "file:/a");
  EXPECT_EQ(found[1].stats.name, "get");
  EXPECT_EQ(found[1].stats.operations, 6u);
  EXPECT_EQ(found[1].stats.histogram, (std::vector<std::uint64_t>{0, 6}));
  EXPECT_EQ(found[2].container, 4u);
  EXPECT_EQ(found[3].backend, "spare");
  ASSERT_EQ(collected(Bare{{stats("put", 5)}}, 2).size(), 1u);
  EXPECT_EQ(collected(Bare{{stats("put", 5)}}, 2)[0].container, 2u);
  EXPECT_TRUE(collected(OtherReply{{{"x", 1}}}).empty());
}

TEST(Operations, BetweenTwoAskings) {
  const std::vector<Operations> before{{"p", 0, "ram", stats("put", 10)}, {"p", 1, "ram", stats("put", 50)}};
  const std::vector<Operations> after{{"p", 0, "ram", stats("put", 30, 3'000'000'000)},
                                      {"p", 1, "ram", stats("put", 5, 500'000'000)},  // made anew
                                      {"p", 2, "ram", stats("put", 7)}};
  const auto out = since(before, after);
  EXPECT_EQ(out[0].stats.operations, 20u);
  EXPECT_EQ(out[0].stats.bytes, 200u);
  EXPECT_EQ(out[0].stats.failed, 0u);
  EXPECT_EQ(out[0].stats.histogram, (std::vector<std::uint64_t>{0, 20}));
  EXPECT_DOUBLE_EQ(operations_json(out[0])["per_second"].get<double>(), 10);
  EXPECT_DOUBLE_EQ(operations_json(out[0])["bytes_per_second"].get<double>(), 100);
  EXPECT_EQ(out[1].stats.operations, 5u);
  EXPECT_EQ(out[2].stats.operations, 7u);
}

TEST(Operations, OfManyContainersAreOne) {
  std::vector<Operations> all;
  all.reserve(5);
  for (std::uint64_t i = 0; i < 5; ++i) all.push_back({"p", i, "ram", stats(i % 2 ? "put" : "get", 10)});
  EXPECT_EQ(sum_large_pools(all, 5).size(), 5u);
  const auto sums = sum_large_pools(all, 4);
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].stats.operations, 30u);
  EXPECT_EQ(sums[1].stats.operations, 20u);
  EXPECT_FALSE(sums[0].container);
  EXPECT_EQ(sums[0].stats.elapsed_ns, 1'000'000'000u);
}

TEST(Operations, OnlyThoseThatHappenedAreShown) {
  EXPECT_EQ(render_operations({{"p", 0, "ram", stats("put", 0)}}, 2), "");
  const std::string text = render_operations({{"p", 0, "ram", stats("put", 2500)}, {"p", 0, "", stats("get", 0)}}, 2);
  EXPECT_NE(text.find("p/0"), std::string::npos);
  EXPECT_NE(text.find("2,500"), std::string::npos);
  EXPECT_EQ(text.find("get"), std::string::npos);
}

}  // namespace
}  // namespace chi::cli
