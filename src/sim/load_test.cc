// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Generated loads are what they say; recorded ones are read, written, played, and refused when they are wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/generated_load.h"
#include "sim/recorded_load.h"

namespace chi::sim {
namespace {

std::vector<Arrival> all_of(Load& load) {
  std::vector<Arrival> out;
  for (Arrival arrival; load.next(arrival);) out.push_back(arrival);
  return out;
}

// Each lane's work, in shares of a worker's time.
std::vector<double> work_of(const std::vector<Arrival>& arrivals, std::uint32_t lanes, std::uint64_t begin_ns,
                            std::uint64_t end_ns) {
  std::vector<double> out(lanes);
  for (const Arrival& each : arrivals) {
    if (each.at_ns < begin_ns || each.at_ns >= end_ns) continue;
    out[each.lane] += static_cast<double>(each.service_ns) / static_cast<double>(end_ns - begin_ns);
  }
  return out;
}

double sum(const std::vector<double>& values) {
  double out = 0;
  for (const double value : values) out += value;
  return out;
}

LoadOptions small(LoadKind kind) {
  return {.kind = kind, .workers = 4, .lanes = 40, .utilization = 0.5, .seconds = 4, .seed = 3};
}

TEST(GeneratedLoad, IsInOrderAndTheSameEachTime) {
  const auto one = all_of(*generate_load(small(LoadKind::shifting)));
  const auto two = all_of(*generate_load(small(LoadKind::shifting)));
  ASSERT_GT(one.size(), 1000u);
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].at_ns, two[i].at_ns);
    EXPECT_EQ(one[i].lane, two[i].lane);
    EXPECT_EQ(one[i].service_ns, two[i].service_ns);
    EXPECT_GE(one[i].at_ns, one[i == 0 ? 0 : i - 1].at_ns);
  }
  LoadOptions other = small(LoadKind::shifting);
  other.seed = 4;
  EXPECT_NE(all_of(*generate_load(other)).size(), one.size());
}

TEST(GeneratedLoad, UniformIsUniform) {
  const auto work = work_of(all_of(*generate_load(small(LoadKind::uniform))), 40, 0, 4'000'000'000);
  EXPECT_NEAR(sum(work), 2.0, 0.1);
  EXPECT_GT(*std::min_element(work.begin(), work.end()), 0.03);
  EXPECT_LT(*std::max_element(work.begin(), work.end()), 0.07);
}

TEST(GeneratedLoad, SkewedIsSkewedAndHasLongTasks) {
  const auto arrivals = all_of(*generate_load(small(LoadKind::skewed)));
  const auto work = work_of(arrivals, 40, 0, 4'000'000'000);
  EXPECT_NEAR(sum(work), 2.0, 0.2);
  EXPECT_GT(*std::max_element(work.begin(), work.end()), 0.35);
  EXPECT_LT(*std::max_element(work.begin(), work.end()), 0.65);
  EXPECT_TRUE(std::any_of(arrivals.begin(), arrivals.end(), [](auto& each) { return each.service_ns > 4'000'000; }));
}

TEST(GeneratedLoad, ShiftingShifts) {
  LoadOptions options = small(LoadKind::shifting);
  options.lanes = 400;
  const auto arrivals = all_of(*generate_load(options));
  const auto before = work_of(arrivals, 400, 0, 1'000'000'000);
  const auto after = work_of(arrivals, 400, 3'000'000'000, 4'000'000'000);
  int changed = 0;
  for (std::size_t i = 0; i < 400; ++i) changed += before[i] > 3 * after[i] + 0.01 || after[i] > 3 * before[i] + 0.01;
  EXPECT_GT(changed, 10);
}

TEST(GeneratedLoad, FewLanesMayBeBusier) {
  LoadOptions options = small(LoadKind::skewed);
  options.lanes = 2;
  EXPECT_NEAR(sum(work_of(all_of(*generate_load(options)), 2, 0, 4'000'000'000)), 2.0, 0.3);
  EXPECT_FALSE(parse_load_kind("even").ok());
}

constexpr char kText[] =
    "# made by hand\ntime_ms,lane,tasks,handler_us\n0,0,10,1000\n0,3,1,50\n250,1,2,0\n1000,0,4,9\n";

TEST(RecordedLoad, IsRead) {
  const RecordedLoad load = parse_load(kText, "a.csv").value();
  EXPECT_EQ(load.lines.size(), 4u);
  EXPECT_EQ(load.lanes, 4u);
  EXPECT_EQ(load.interval_ms, 250u);
  EXPECT_EQ(load.end_ms, 1250u);
  EXPECT_EQ(parse_load("time_ms,lane,tasks,handler_us\r\n70,0,1,1\r\n", "a").value().end_ms, 170u);
}

TEST(RecordedLoad, IsPlayedInItsIntervals) {
  const RecordedLoad load = parse_load(kText, "a.csv").value();
  const auto arrivals = all_of(*play_load(load, 1));
  ASSERT_EQ(arrivals.size(), 17u);
  for (std::size_t i = 0; i < 11; ++i) EXPECT_LT(arrivals[i].at_ns, 250'000'000u);
  EXPECT_EQ(arrivals[11].lane, 1u);
  EXPECT_EQ(arrivals[11].service_ns, 1u) << "no task takes no time at all";
  EXPECT_GE(arrivals[13].at_ns, 1'000'000'000u);
  EXPECT_EQ(arrivals[13].service_ns, 2250u);
  EXPECT_EQ(all_of(*play_load(load, 1))[3].at_ns, arrivals[3].at_ns);
  EXPECT_NE(all_of(*play_load(load, 2))[3].at_ns, arrivals[3].at_ns);
}

TEST(RecordedLoad, WhatWasGeneratedComesBack) {
  const auto arrivals = all_of(*generate_load(small(LoadKind::skewed)));
  const std::string text = record_load(*generate_load(small(LoadKind::skewed)), 100).value();
  const RecordedLoad load = parse_load(text, "recorded").value();
  const auto played = all_of(*play_load(load, 9));
  EXPECT_EQ(played.size(), arrivals.size());
  const auto before = work_of(arrivals, 40, 1'000'000'000, 2'000'000'000);
  const auto after = work_of(played, 40, 1'000'000'000, 2'000'000'000);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_NEAR(before[i], after[i], 1e-3);
}

// Comes at the times that it is given, in milliseconds, for lane 0.
class Given final : public Load {
 public:
  explicit Given(std::vector<std::uint64_t> times_ms) : times_ms_(std::move(times_ms)) {}
  std::uint32_t lanes() const noexcept override { return 1; }
  bool next(Arrival& out) override {
    if (at_ == times_ms_.size()) return false;
    out = {times_ms_[at_++] * 1'000'000, 0, 2'000};
    return true;
  }

 private:
  std::vector<std::uint64_t> times_ms_;
  std::size_t at_ = 0;
};

TEST(RecordedLoad, IdleIntervalsHaveTheirLength) {
  Given sparse({3, 47, 49});
  const std::string text = record_load(sparse, 10).value();
  EXPECT_EQ(text, "time_ms,lane,tasks,handler_us\n0,0,1,2\n10,0,0,0\n20,0,0,0\n30,0,0,0\n40,0,2,4\n");
  EXPECT_EQ(parse_load(text, "sparse").value().interval_ms, 10u);
  EXPECT_EQ(parse_load(text, "sparse").value().end_ms, 50u);
  Given one({3});
  EXPECT_EQ(parse_load(record_load(one, 10).value(), "one").value().interval_ms, 10u);
}

TEST(RecordedLoad, NothingIsWrittenThatCannotBeRead) {
  const auto refuses = [](LoadWriter& writer, const LoadWriter::Interval& interval, const std::string& words) {
    std::string out;
    const Status written = writer.next(interval, out);
    ASSERT_EQ(written.code(), Code::resource_exhausted) << words;
    EXPECT_NE(written.error().text.find(words), std::string::npos) << written.error().text;
    EXPECT_TRUE(out.empty());
  };
  std::string text;
  LoadWriter writer(1'000'000, text);
  writer.comment("lane 0: a/0", text);
  refuses(writer, {{kMostLanes, {1, 1}}}, "100000 lanes");
  refuses(writer, {{0, {kMostTasks, 1}}, {1, {1, 1}}}, "tasks in one interval");
  ASSERT_TRUE(writer.next({{kMostLanes - 1, {1, 2 * kMostUs * 1000}}}, text).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.next({}, text).ok());
  refuses(writer, {{0, {1, 1}}}, "an hour");
  const RecordedLoad load = parse_load(text, "long").value();
  EXPECT_EQ(load.lanes, kMostLanes);
  EXPECT_EQ(load.lines[0].handler_us, kMostUs);
  EXPECT_EQ(load.lines.size(), 4u);

  text.clear();
  LoadWriter many(100, text);
  for (std::uint64_t i = 0; i < kMostOfAll / kMostTasks; ++i) {
    ASSERT_TRUE(many.next({{0, {kMostTasks, 1}}}, text).ok());
  }
  refuses(many, {{0, {1, 1}}}, "100000000 tasks");
  EXPECT_EQ(many.tasks(), kMostOfAll);
  EXPECT_TRUE(parse_load(text, "many").ok());
}

TEST(RecordedLoad, WhatIsWrongIsToldByLine) {
  const std::string head = "time_ms,lane,tasks,handler_us\n";
  const struct {
    std::string text;
    std::string words;
  } kWrong[] = {
      {"", "is missing"},
      {"# nothing\n", "is missing"},
      {"0,0,1,1\n", "bad:1: the first line"},
      {head, "no task"},
      {head + "0,0,0,0\n", "no task"},
      {head + "0,0,1\n", "bad:2: a line is"},
      {head + "0,0,1,1,1\n", "bad:2: a line is"},
      {head + "0,0,1,1\nx,0,1,1\n", "bad:3: time_ms"},
      {head + "0,-1,1,1\n", "bad:2: lane"},
      {head + "0,100000,1,1\n", "bad:2: lane"},
      {head + "0,0,1.5,1\n", "bad:2: tasks"},
      {head + "0,0,,1\n", "bad:2: tasks"},
      {head + "0,0,10000001,1\n", "bad:2: tasks"},
      {head + "0,0,1,99999999999999999999999\n", "bad:2: handler_us"},
      {head + "3600000,0,1,1\n", "bad:2: time_ms"},
      {head + "5,0,1,1\n4,0,1,1\n", "sort the lines"},
      {head + "5,0,1,1\n5,1,1,1\n5,0,1,1\n", "bad:4: lane 0 is there already"},
      {head + "0,0,0,5\n", "no task"},
      {head + "0,0,10000000,5\n0,1,1,5\n", "more than"},
      {std::string("\0\xff", 2), "bad:1"},
  };
  for (const auto& [text, words] : kWrong) {
    const Result<RecordedLoad> load = parse_load(text, "bad");
    ASSERT_FALSE(load.ok()) << text;
    EXPECT_EQ(load.code(), Code::invalid_argument);
    EXPECT_NE(load.error().text.find(words), std::string::npos) << text << load.error().text;
  }
  EXPECT_EQ(read_load("/nowhere/at/all").code(), Code::not_found);
}

}  // namespace
}  // namespace chi::sim
