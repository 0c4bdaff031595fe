// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Numbers into text.
#include "metrics/families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace chi::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FamiliesTest, EachHasItsHelpItsTypeAndItsValues) {
  Families families;
  families.counter("a_total", "Some.").add(std::uint64_t{7}, {{"pool", "x"}}).add(0.5, {{"pool", "y"}});
  families.gauge("nothing", "None.");
  families.gauge("b", "More.").add(std::uint64_t{1} << 53);
  EXPECT_EQ(to_text(families.take()),
            "# HELP a_total Some.\n# TYPE a_total counter\na_total{pool=\"x\"} 7\na_total{pool=\"y\"} 0.5\n"
            "# HELP b More.\n# TYPE b gauge\nb 9007199254740992\n");
}

TEST(FamiliesTest, LabelsAreEscaped) {
  Families families;
  families.gauge("a", "A.").add(1.0, {{"l", "a\"b\\c\nd\xff"}});
  EXPECT_THAT(to_text(families.take()), HasSubstr("a{l=\"a\\\"b\\\\c?d?\"} 1\n"));
}

TEST(FamiliesTest, BucketsAreCumulativeAndInSeconds) {
  std::array<std::uint64_t, 40> counts{};
  counts[0] = 1;    // 0 ns
  counts[10] = 2;   // below 1024 ns
  counts[11] = 4;   // below 2048 ns
  counts[34] = 8;   // below 17.2 s
  counts[39] = 16;  // all above
  Families families;
  families.histogram("t_seconds", "T.").add(counts, 1'500'000'000, {{"m", "x"}});
  const std::string text = to_text(families.take());
  EXPECT_THAT(text, HasSubstr("# TYPE t_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{m=\"x\",le=\"1.024e-06\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{m=\"x\",le=\"2.048e-06\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{m=\"x\",le=\"2.147483648\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{m=\"x\",le=\"17.179869184\"} 15\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{m=\"x\",le=\"+Inf\"} 31\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_count{m=\"x\"} 31\nt_seconds_sum{m=\"x\"} 1.5\n"));
  EXPECT_THAT(text, Not(HasSubstr("5.12e-07")));
}

}  // namespace
}  // namespace chi::metrics
