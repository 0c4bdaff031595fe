// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/top_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace chi::cli {
namespace {

// Two seconds in which container 1 of the pool worked more than container 0; a third came new.
std::pair<TopReading, TopReading> readings() {
  TopReading before;
  before.lanes.now_ns = 1'000'000'000;
  before.lanes.workers = {{0, true, 500, 10, 1, 0, 2, {0}}};
  before.lanes.pools = {{7, "p", "m"}};
  before.lanes.lanes = {{7, 0, 0, 100, 0, 0, 1'000, 0, 0}, {7, 1, 0, 100, 0, 0, 1'000, 50'000, 10}};
  before.methods.methods.resize(1);
  before.methods.methods[0].module = "m";
  before.methods.methods[0].method = "put";
  before.methods.methods[0].tasks = 200;
  before.methods.methods[0].histogram = std::vector<std::uint64_t>(31, 0);
  before.methods.methods[0].histogram[30] = 200;
  TopReading after = before;
  after.status.name = "default";
  after.lanes.now_ns += 2'000'000'000;
  after.lanes.workers[0].busy_ns += 1'500'000'000;
  after.lanes.workers[0].tasks += 30;
  after.lanes.lanes[0].tasks += 10;
  after.lanes.lanes[1] = {7, 1, 0, 110, 3, 4, 1'000'001'000, 90'000, 2'010};
  after.lanes.lanes.push_back({7, 2, 0, 10, 0, 0, 0, 0, 0, true, false});
  after.methods.methods[0].tasks = 230;
  after.methods.methods[0].histogram[11] = 30;
  return {before, after};
}

TEST(TopFrame, RatesAreOfTheTimeBetween) {
  const auto [before, after] = readings();
  const Json frame = top_frame(before, after, 17);
  EXPECT_EQ(frame["seconds"], 2.0);
  EXPECT_EQ(frame["workers"][0]["busy_percent"], 75.0);
  EXPECT_EQ(frame["workers"][0]["tasks_per_second"], 15.0);
  ASSERT_EQ(frame["lanes"].size(), 3U);
  const Json& busiest = frame["lanes"][0];
  EXPECT_EQ(busiest["lane"], "p/1");
  EXPECT_EQ(busiest["handler_percent"], 50.0);
  EXPECT_EQ(busiest["wait_ns"], 4'000.0);
  EXPECT_EQ(busiest["bytes_per_second"], 1'000.0);
  EXPECT_EQ(busiest["queued"], 3);
  EXPECT_EQ(frame["methods"][0]["tasks_per_second"], 15.0);
  EXPECT_LE(frame["methods"][0]["p99_ns"], 2'048.0) << "those of before took a second";
  EXPECT_EQ(top_frame(before, before, 17)["methods"][0]["p99_ns"], 0) << "of none";
  ASSERT_EQ(frame["pools"].size(), 1U);
  EXPECT_EQ(frame["pools"][0]["tasks_per_second"], 15.0);
  EXPECT_EQ(frame["pools"][0]["lanes"], 3);
}

TEST(TopFrame, ADaemonThatBeganAnewHasNoNegativeRates) {
  auto [before, after] = readings();
  before.lanes.lanes[1].tasks = 1'000'000;
  before.lanes.lanes[1].handler_ns = 2'000'000'000;
  const Json frame = top_frame(before, after, 17);
  for (const Json& lane : frame["lanes"]) EXPECT_GE(lane["tasks_per_second"].get<double>(), 0);
  EXPECT_EQ(frame["lanes"].size(), 3U);
  for (const Json& lane : frame["lanes"]) EXPECT_EQ(lane["handler_percent"], 0) << "an estimate that was corrected";
}

TEST(RenderTop, FitsTheLinesThatThereAre) {
  const auto [before, after] = readings();
  const Json frame = top_frame(before, after, 17);
  for (const std::size_t rows : {10U, 24U, 60U}) {
    const std::string text = render_top(frame, rows);
    EXPECT_LE(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), rows);
    EXPECT_NE(text.find("WORKER"), std::string::npos);
  }
  EXPECT_EQ(render_top(frame, 60).find("more"), std::string::npos);
}

TEST(RenderTop, ALaneIsStuckOnlyWhenTheDaemonSaysSo) {
  auto [before, after] = readings();
  const std::string isolated = render_top(top_frame(before, after, 17), 60);
  EXPECT_NE(isolated.find("isolated"), std::string::npos);
  EXPECT_EQ(isolated.find("stuck"), std::string::npos);
  after.lanes.lanes.back().stuck = true;
  const std::string stuck = render_top(top_frame(before, after, 17), 60);
  EXPECT_EQ(stuck.find("isolated"), std::string::npos);
  EXPECT_NE(stuck.find("stuck"), std::string::npos);
}

}  // namespace
}  // namespace chi::cli
