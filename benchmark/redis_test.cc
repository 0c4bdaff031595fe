// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What redis-benchmark prints, read; what it might print, refused.
#include "benchmark/redis.h"

#include <gtest/gtest.h>

namespace chi::bench {
namespace {

constexpr std::string_view kOutput =
    "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\"\n"
    "\"SET\",\"74626.87\",\"0.011\",\"0.000\"\n"
    "\"GET\",\"267465.22\",\"0.233\",\"0.016\"\n";

TEST(ParseRedisRate, FindsTheTest) {
  EXPECT_EQ(parse_redis_rate(kOutput, "SET").value(), 74626.87);
  EXPECT_EQ(parse_redis_rate(kOutput, "GET").value(), 267465.22);
}

TEST(ParseRedisRate, RefusesWhatIsNoRate) {
  EXPECT_EQ(parse_redis_rate(kOutput, "MSET").code(), Code::data_loss);
  EXPECT_EQ(parse_redis_rate("", "GET").code(), Code::data_loss);
  EXPECT_EQ(parse_redis_rate("\"GET\",\"", "GET").code(), Code::data_loss);
  EXPECT_EQ(parse_redis_rate("\"GET\",\"fast\",\"1\"", "GET").code(), Code::data_loss);
  EXPECT_EQ(parse_redis_rate("\"GET\",\"0.00\",\"1\"", "GET").code(), Code::data_loss);
}

}  // namespace
}  // namespace chi::bench
