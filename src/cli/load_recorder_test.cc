// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What comes of counters that were read in time, late, from lanes that are new, busy and none of a load.
#include "cli/load_recorder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chi::cli {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kBegin = 5'000 * kMs;

struct Counters {
  PoolId pool = 0;
  std::uint32_t container = 0;
  std::uint64_t tasks = 0;
  std::uint64_t handler_us = 0;
};

admin::LanesReply reading(std::uint64_t at_ms, const std::vector<Counters>& lanes) {
  admin::LanesReply out;
  out.now_ns = kBegin + at_ms * kMs;
  out.pools = {{1, "admin", "chimaera_admin"},
               {2, "small", "small_message"},
               {3, "worch_queue_by_pool", "worch_queue_by_pool"},
               {4, "texts", "word_count"}};
  for (const Counters& each : lanes) {
    admin::LaneCounters lane;
    lane.pool = each.pool;
    lane.container = each.container;
    lane.tasks = each.tasks;
    lane.handler_ns = each.handler_us * 1000;
    out.lanes.push_back(lane);
  }
  return out;
}

class LoadRecorderTest : public testing::Test {
 protected:
  void begin(const std::vector<Counters>& lanes = {}, std::uint64_t intervals = 100) {
    recorder_.emplace(reading(0, lanes), 100, intervals, text_);
    EXPECT_EQ(text_, "time_ms,lane,tasks,handler_us\n");
    text_.clear();
  }
  // The lines that it has made.
  std::string add(std::uint64_t at_ms, const std::vector<Counters>& lanes) {
    EXPECT_TRUE(recorder_->add(reading(at_ms, lanes), text_).ok());
    return std::exchange(text_, {});
  }
  std::string end() {
    EXPECT_TRUE(recorder_->end(text_).ok());
    return std::exchange(text_, {});
  }

  std::string text_;
  std::optional<LoadRecorder> recorder_;
};

TEST_F(LoadRecorderTest, WhatWasBeforeIsNotCounted) {
  begin({{2, 0, 1000, 77}});
  EXPECT_EQ(add(100, {{2, 0, 1012, 177}}), "# lane 0: small/0\n0,0,12,100\n");
  EXPECT_EQ(add(200, {{2, 0, 1012, 177}}), "100,0,0,0\n");
  EXPECT_EQ(add(300, {{2, 0, 1013, 180}}), "200,0,1,3\n");
  EXPECT_EQ(end(), "");
  EXPECT_EQ(recorder_->tasks(), 13U);
  EXPECT_EQ(recorder_->lanes(), 1U);
  EXPECT_EQ(recorder_->intervals(), 3U);
  EXPECT_EQ(recorder_->unread(), 0U);
}

TEST_F(LoadRecorderTest, LanesHaveNumbersInTheOrderInWhichTheyAreBusy) {
  begin({{4, 7, 5, 5}});
  EXPECT_EQ(add(100, {{2, 3, 1, 10}, {4, 7, 5, 5}}), "# lane 0: small/3\n0,0,1,10\n");
  EXPECT_EQ(add(200, {{2, 1, 2, 20}, {2, 3, 4, 40}, {4, 7, 6, 9}}),
            "# lane 1: small/1\n# lane 2: texts/7\n100,0,3,30\n100,1,2,20\n100,2,1,4\n");
}

TEST_F(LoadRecorderTest, AdministrationAndPoliciesAreNoLoad) {
  begin();
  EXPECT_EQ(add(100, {{1, 0, 9, 90}, {3, 0, 8, 80}, {4, 0, 1, 10}, {99, 0, 5, 50}}), "# lane 0: texts/0\n0,0,1,10\n");
}

TEST_F(LoadRecorderTest, AReadingThatIsLateIsSpread) {
  begin();
  EXPECT_EQ(add(50, {{2, 0, 10, 100}}), "# lane 0: small/0\n");
  EXPECT_EQ(add(350, {{2, 0, 70, 700}}), "0,0,20,200\n100,0,20,200\n200,0,20,200\n");
  EXPECT_EQ(recorder_->unread(), 2U);
  EXPECT_EQ(add(400, {{2, 0, 71, 1000}}), "300,0,11,400\n");
  EXPECT_EQ(recorder_->tasks(), 71U);
  EXPECT_EQ(recorder_->unread(), 2U);
}

TEST_F(LoadRecorderTest, ATaskIsInOneIntervalWithItsWholeTime) {
  begin();
  EXPECT_EQ(add(300, {{2, 0, 1, 900}, {4, 0, 2, 500}}),
            "# lane 0: small/0\n# lane 1: texts/0\n0,1,1,250\n100,0,1,900\n200,1,1,250\n");
}

TEST_F(LoadRecorderTest, HandlerTimeGoesWithTheTaskThatEnds) {
  begin();
  EXPECT_EQ(add(100, {{2, 0, 0, 400}}), "0,0,0,0\n");
  EXPECT_EQ(add(200, {{2, 0, 0, 900}}), "100,0,0,0\n");
  EXPECT_EQ(add(300, {{2, 0, 1, 1000}}), "# lane 0: small/0\n200,0,1,1000\n");
  EXPECT_EQ(add(400, {{2, 0, 2, 1003}}), "300,0,1,3\n");
}

TEST_F(LoadRecorderTest, ItEndsWhenAllIntervalsAreThere) {
  begin({}, 2);
  EXPECT_EQ(add(199, {{2, 0, 199, 199}}), "# lane 0: small/0\n0,0,100,100\n");
  EXPECT_FALSE(recorder_->whole());
  EXPECT_EQ(add(400, {{2, 0, 400, 400}}), "100,0,100,100\n");
  EXPECT_TRUE(recorder_->whole());
  EXPECT_EQ(end(), "");
  EXPECT_EQ(recorder_->tasks(), 200U);
}

TEST_F(LoadRecorderTest, WhatIsCutShortKeepsWhatIsThere) {
  begin();
  EXPECT_EQ(add(100, {{2, 0, 1, 1}}), "# lane 0: small/0\n0,0,1,1\n");
  EXPECT_EQ(add(130, {{2, 0, 3, 4}}), "");
  EXPECT_EQ(end(), "100,0,2,3\n");
  EXPECT_EQ(recorder_->intervals(), 2U);
}

TEST_F(LoadRecorderTest, ALaneThatBeginsAnewAndAClockThatStands) {
  begin({{2, 0, 50, 50}});
  EXPECT_EQ(add(0, {{2, 0, 53, 56}}), "# lane 0: small/0\n");
  EXPECT_EQ(add(100, {{2, 0, 2, 7}}), "0,0,5,13\n");
}

TEST_F(LoadRecorderTest, WhatAFileCannotHoldIsNotThere) {
  begin();
  EXPECT_EQ(add(100, {{2, 0, 1, 1}}), "# lane 0: small/0\n0,0,1,1\n");
  const Status full = recorder_->add(reading(200, {{2, 0, 100'000'000'000, 1}}), text_);
  EXPECT_EQ(full.code(), Code::resource_exhausted);
  EXPECT_EQ(text_, "");
  EXPECT_EQ(end(), "");
  EXPECT_EQ(recorder_->tasks(), 1U);
}

}  // namespace
}  // namespace chi::cli
