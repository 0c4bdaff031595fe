// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reader, writer and player of the text that recorded_load.h describes.
#include "sim/recorded_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/random.h"
#include "base/text.h"

namespace chi::sim {

namespace {

constexpr std::string_view kHeader = "time_ms,lane,tasks,handler_us";

using Line = RecordedLoad::Line;

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  Status read(std::string_view line) {
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') return {};
    if (!std::exchange(headed_, true)) {
      if (line == kHeader) return {};
      return wrong(fmt::format("the first line is to be '{}'", kHeader));
    }
    return read_fields(line);
  }

  Result<RecordedLoad> end() {
    if (!headed_) return Error{Code::invalid_argument, fmt::format("{}: the line '{}' is missing", name_, kHeader), {}};
    if (tasks_ == 0) return Error{Code::invalid_argument, fmt::format("{}: there is no task in it", name_), {}};
    std::uint64_t shortest = kMostMs;
    for (std::size_t i = 1; i < out_.lines.size(); ++i) {
      const std::uint64_t distance = out_.lines[i].time_ms - out_.lines[i - 1].time_ms;
      if (distance != 0) shortest = std::min(shortest, distance);
    }
    if (shortest != kMostMs) out_.interval_ms = shortest;
    out_.end_ms = out_.lines.back().time_ms + out_.interval_ms;
    return std::move(out_);
  }

 private:
  Status wrong(const std::string& what) const {
    return Error{Code::invalid_argument, fmt::format("{}:{}: {}", name_, number_, what), {}};
  }

  Status read_fields(std::string_view text) {
    static constexpr std::string_view kNames[] = {"time_ms", "lane", "tasks", "handler_us"};
    static constexpr std::uint64_t kMost[] = {kMostMs - 1, kMostLanes - 1, kMostTasks, kMostUs};
    std::uint64_t values[4] = {};
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t comma = text.find(',');
      if ((comma == std::string_view::npos) != (i == 3)) return wrong(fmt::format("a line is '{}'", kHeader));
      const std::string_view field = text.substr(0, comma);
      const Result<std::uint64_t> value = parse_number(field);
      if (!value.ok() || *value > kMost[i]) {
        return wrong(fmt::format("{} is a whole number from 0 to {}, not '{:.40}'", kNames[i], kMost[i], field));
      }
      values[i] = *value;
      text.remove_prefix(i == 3 ? text.size() : comma + 1);
    }
    return add({values[0], static_cast<std::uint32_t>(values[1]), values[2], values[3]});
  }

  Status add(const Line& line) {
    if (!out_.lines.empty() && line.time_ms < out_.lines.back().time_ms) {
      return wrong(
          fmt::format("time {} comes behind {}: sort the lines by time", line.time_ms, out_.lines.back().time_ms));
    }
    if (out_.lines.empty() || line.time_ms != out_.lines.back().time_ms) {
      lanes_.clear();
      interval_tasks_ = 0;
    }
    if (!lanes_.insert(line.lane).second) {
      return wrong(fmt::format("lane {} is there already at time {}", line.lane, line.time_ms));
    }
    if (line.tasks == 0 && line.handler_us != 0) return wrong("there is handler time, but no task");
    tasks_ += line.tasks;
    interval_tasks_ += line.tasks;
    if (interval_tasks_ > kMostTasks) return wrong(fmt::format("more than {} tasks at one time", kMostTasks));
    if (tasks_ > kMostOfAll) return wrong(fmt::format("there are more than {} tasks in all", kMostOfAll));
    out_.lanes = std::max(out_.lanes, line.lane + 1);
    out_.lines.push_back(line);
    return {};
  }

  const std::string& name_;
  std::size_t number_ = 0;
  bool headed_ = false;
  std::uint64_t tasks_ = 0;
  std::uint64_t interval_tasks_ = 0;
  std::set<std::uint32_t> lanes_;  // at the last time
  RecordedLoad out_;
};

class Played final : public Load {
 public:
  Played(const RecordedLoad& recorded, std::uint64_t seed) : recorded_(recorded), random_(seed) {}

  std::uint32_t lanes() const noexcept override { return recorded_.lanes; }

  bool next(Arrival& out) override {
    while (ready_ == interval_.size()) {
      if (line_ == recorded_.lines.size()) return false;
      fill();
    }
    out = interval_[ready_++];
    return true;
  }

 private:
  // The tasks of the next interval.
  void fill() {
    interval_.clear();
    ready_ = 0;
    const std::uint64_t time_ms = recorded_.lines[line_].time_ms;
    for (; line_ < recorded_.lines.size() && recorded_.lines[line_].time_ms == time_ms; ++line_) {
      const Line& line = recorded_.lines[line_];
      for (std::uint64_t i = 0; i < line.tasks; ++i) {
        const std::uint64_t at = time_ms * 1'000'000 + random_.next() % (recorded_.interval_ms * 1'000'000);
        interval_.push_back({at, line.lane, std::max<std::uint64_t>(1, line.handler_us * 1000 / line.tasks)});
      }
    }
    std::sort(interval_.begin(), interval_.end(),
              [](const Arrival& a, const Arrival& b) { return std::tie(a.at_ns, a.lane) < std::tie(b.at_ns, b.lane); });
  }

  const RecordedLoad& recorded_;
  SeededRandom random_;
  std::size_t line_ = 0;
  std::vector<Arrival> interval_;
  std::size_t ready_ = 0;
};

}  // namespace

Result<RecordedLoad> parse_load(std::string_view text, const std::string& name) {
  Reader reader(name);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (Status good = reader.read(text.substr(0, end)); !good) return std::move(good).error();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.end();
}

Result<RecordedLoad> read_load(const std::string& path) {
  const Result<std::string> text = read_file(path, kMostBytes);
  if (!text.ok()) return text.error();
  return parse_load(*text, path);
}

LoadWriter::LoadWriter(std::uint64_t interval_ms, std::string& out) : interval_ms_(interval_ms) {
  put(fmt::format("{}\n", kHeader), out);
}

Status LoadWriter::next(const Interval& interval, std::string& out) {
  std::uint64_t tasks = 0;
  for (const auto& [lane, sum] : interval) tasks += sum.tasks;
  if (Status good = check(interval, tasks); !good) return good;
  const std::uint64_t time_ms = intervals_ * interval_ms_;
  std::string lines;
  for (const auto& [lane, sum] : interval) {
    const std::uint64_t us = std::min((sum.handler_ns + 500) / 1000, kMostUs);
    fmt::format_to(std::back_inserter(lines), "{},{},{},{}\n", time_ms, lane, sum.tasks, us);
  }
  if (interval.empty()) lines = fmt::format("{},0,0,0\n", time_ms);
  if (bytes_ + lines.size() > kMostBytes) return Error{Code::resource_exhausted, "the file has 1 GiB", {}};
  put(lines, out);
  ++intervals_;
  tasks_ += tasks;
  return {};
}

Status LoadWriter::check(const Interval& interval, std::uint64_t tasks) const {
  const auto no_more = [](std::string_view what) {
    return Error{Code::resource_exhausted, fmt::format("a file of a load has at most {}", what), {}};
  };
  if (intervals_ * interval_ms_ >= kMostMs) return no_more("an hour");
  if (!interval.empty() && interval.rbegin()->first >= kMostLanes) return no_more(fmt::format("{} lanes", kMostLanes));
  if (tasks > kMostTasks) return no_more(fmt::format("{} tasks in one interval", kMostTasks));
  if (tasks_ + tasks > kMostOfAll) return no_more(fmt::format("{} tasks", kMostOfAll));
  return {};
}

void LoadWriter::comment(std::string_view text, std::string& out) { put(fmt::format("# {}\n", text), out); }

void LoadWriter::end(std::string& out) {
  if (intervals_ != 1 || interval_ms_ == kOnlyMs) return;
  put(fmt::format("{},0,0,0\n", interval_ms_), out);  // else its length would not be seen
}

void LoadWriter::put(const std::string& lines, std::string& out) {
  bytes_ += lines.size();
  out += lines;
}

Result<std::string> record_load(Load& load, std::uint64_t interval_ms) {
  std::string out;
  LoadWriter writer(interval_ms, out);
  LoadWriter::Interval sums;
  auto write_until = [&](std::uint64_t interval) -> Status {
    while (writer.intervals() < interval) {
      if (Status written = writer.next(std::exchange(sums, {}), out); !written) return written;
    }
    return {};
  };
  for (Arrival arrival; load.next(arrival);) {
    const std::uint64_t interval = arrival.at_ns / (interval_ms * 1'000'000);
    if (Status written = write_until(interval); !written) return std::move(written).error();
    LoadWriter::Sum& sum = sums[arrival.lane];
    ++sum.tasks;
    sum.handler_ns += arrival.service_ns;
  }
  if (Status written = write_until(writer.intervals() + 1); !written) return std::move(written).error();
  writer.end(out);
  return out;
}

std::unique_ptr<Load> play_load(const RecordedLoad& recorded, std::uint64_t seed) {
  return std::make_unique<Played>(recorded, seed);
}

}  // namespace chi::sim
