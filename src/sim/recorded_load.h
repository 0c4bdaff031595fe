// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Loads as text, for what was measured somewhere or written by hand:
//
//   # what stands behind a '#' at the begin of a line is ignored
//   time_ms,lane,tasks,handler_us
//   0,0,120,24000
//   0,7,3,15000
//   100,0,80,16100
//
// In the interval that begins at time_ms, `tasks` tasks came for `lane`, whose handlers ran for handler_us in all.
// Intervals are as long as the shortest distance between two times of the file, or 100 ms where there is only one time;
// times do not decrease, and a lane is there at most once in each interval; it may be there with no task. When in its
// interval a task comes is chance; all tasks of a line take equally long.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/load.h"

namespace chi::sim {

inline constexpr std::uint32_t kMostLanes = 100'000;
inline constexpr std::uint64_t kOnlyMs = 100;            // of an interval where there is one time
inline constexpr std::uint64_t kMostMs = 3'600'000;      // time_ms is below it
inline constexpr std::uint64_t kMostTasks = 10'000'000;  // of an interval
inline constexpr std::uint64_t kMostOfAll = 10 * kMostTasks;
inline constexpr std::uint64_t kMostUs = 3'600'000'000;              // handler_us of a line
inline constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;  // of a file

struct RecordedLoad {
  struct Line {
    std::uint64_t time_ms = 0;
    std::uint32_t lane = 0;
    std::uint64_t tasks = 0;
    std::uint64_t handler_us = 0;
  };
  std::vector<Line> lines;
  std::uint64_t interval_ms = kOnlyMs;
  std::uint32_t lanes = 0;   // the highest lane's number and one
  std::uint64_t end_ms = 0;  // of the last interval
};

// invalid_argument says which line of `name` is wrong, and why.
Result<RecordedLoad> parse_load(std::string_view text, const std::string& name);

// The same from a file.
Result<RecordedLoad> read_load(const std::string& path);

// Writes such a text, which can be read: each interval has a line, be it one of no task, so that its length is seen.
class LoadWriter {
 public:
  struct Sum {
    std::uint64_t tasks = 0;
    std::uint64_t handler_ns = 0;  // 0 where there is no task
  };
  using Interval = std::map<std::uint32_t, Sum>;  // by lane

  // `out` begins with the text's head.
  LoadWriter(std::uint64_t interval_ms, std::string& out);

  // Puts the lines of the interval behind the last one to `out`. resource_exhausted, and nothing is put there: a file
  // that had it could not be read.
  Status next(const Interval& interval, std::string& out);
  // `text` is of one line.
  void comment(std::string_view text, std::string& out);
  // Behind the last interval.
  void end(std::string& out);

  std::uint64_t intervals() const noexcept { return intervals_; }
  std::uint64_t tasks() const noexcept { return tasks_; }

 private:
  Status check(const Interval& interval, std::uint64_t tasks) const;
  void put(const std::string& lines, std::string& out);

  std::uint64_t interval_ms_;
  std::uint64_t intervals_ = 0;
  std::uint64_t tasks_ = 0;
  std::uint64_t bytes_ = 0;
};

// Runs `load` to its end, and gives it as such a text with intervals of so many milliseconds.
Result<std::string> record_load(Load& load, std::uint64_t interval_ms);

// Plays it; `recorded` outlives what is given. The same seed makes the tasks come at the same moments.
std::unique_ptr<Load> play_load(const RecordedLoad& recorded, std::uint64_t seed);

}  // namespace chi::sim
