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
// times do not decrease, and a lane is there at most once in each interval. When in its interval a task comes is
// chance; all tasks of a line take equally long.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/load.h"

namespace chi::sim {

inline constexpr std::uint32_t kMostLanes = 100'000;
inline constexpr std::uint64_t kMostMs = 3'600'000;      // time_ms is below it
inline constexpr std::uint64_t kMostTasks = 10'000'000;  // of an interval; ten times as many of all
inline constexpr std::uint64_t kMostUs = 3'600'000'000;  // handler_us of a line

struct RecordedLoad {
  struct Line {
    std::uint64_t time_ms = 0;
    std::uint32_t lane = 0;
    std::uint64_t tasks = 0;
    std::uint64_t handler_us = 0;
  };
  std::vector<Line> lines;
  std::uint64_t interval_ms = 100;
  std::uint32_t lanes = 0;   // the highest lane's number and one
  std::uint64_t end_ms = 0;  // of the last interval
};

// invalid_argument says which line of `name` is wrong, and why.
Result<RecordedLoad> parse_load(std::string_view text, const std::string& name);

// The same from a file of at most 1 GiB.
Result<RecordedLoad> read_load(const std::string& path);

// Runs `load` to its end, and gives it as such a text with intervals of so many milliseconds.
std::string record_load(Load& load, std::uint64_t interval_ms);

// Plays it; `recorded` outlives what is given. The same seed makes the tasks come at the same moments.
std::unique_ptr<Load> play_load(const RecordedLoad& recorded, std::uint64_t seed);

}  // namespace chi::sim
