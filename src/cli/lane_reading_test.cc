// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/lane_reading.h"

#include <gtest/gtest.h>

namespace chi::cli {
namespace {

admin::LanesReply piece(std::uint32_t container, std::uint64_t next, const std::vector<PoolId>& pools) {
  admin::LanesReply out;
  out.now_ns = 1000 + next;
  out.lanes.push_back({.pool = 7, .container = container});
  for (const PoolId id : pools) out.pools.push_back({id, "pool", "module"});
  out.next = next;
  return out;
}

TEST(LaneReading, PiecesBecomeOne) {
  admin::LanesReply all = piece(0, 4096, {1, 7});
  ASSERT_TRUE(append_lanes(all, piece(4096, 8192, {1, 7})));
  EXPECT_EQ(all.next, 8192U);
  ASSERT_TRUE(append_lanes(all, piece(8192, 0, {1, 7})));
  EXPECT_EQ(all.next, 0U);
  ASSERT_EQ(all.lanes.size(), 3U);
  EXPECT_EQ(all.lanes[2].container, 8192U);
  EXPECT_EQ(all.now_ns, 5096U) << "when it was begun";
}

TEST(LaneReading, PiecesOfOtherPoolsDoNotFit) {
  for (const auto& pools : {std::vector<PoolId>{1}, {1, 7, 8}, {1, 8}}) {
    admin::LanesReply all = piece(0, 4096, {1, 7});
    EXPECT_FALSE(append_lanes(all, piece(4096, 0, pools)));
    EXPECT_EQ(all.lanes.size(), 1U);
    EXPECT_EQ(all.next, 4096U) << "it is not whole";
  }
}

TEST(LaneReading, ADaemonThatEndsIsUnavailable) {
  for (const Code code : {Code::not_found, Code::unavailable}) {
    EXPECT_EQ(reading_error({code, "no pool", {}}).to_string(), "unavailable: the daemon has ended");
  }
  EXPECT_EQ(reading_error({Code::permission_denied, "not yours", {}}).code, Code::permission_denied);
}

}  // namespace
}  // namespace chi::cli
