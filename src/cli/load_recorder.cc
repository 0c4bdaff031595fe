// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Differences of counters, interval by interval.
#include "cli/load_recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace chi::cli {

namespace {

__extension__ using Wide = unsigned __int128;

// The part of `whole` that `part` is of `of`, rounded.
std::uint64_t share(std::uint64_t whole, std::uint64_t part, std::uint64_t of) {
  if (part >= of) return whole;
  return static_cast<std::uint64_t>((static_cast<Wide>(whole) * part * 2 + of) / (static_cast<Wide>(of) * 2));
}

// A counter that went back has begun anew.
std::uint64_t grown(std::uint64_t before, std::uint64_t after) { return after >= before ? after - before : after; }

bool is_load(const admin::LanePool& pool) {
  return pool.module != "chimaera_admin" && !std::string_view(pool.module).starts_with("worch_");
}

}  // namespace

LoadRecorder::LoadRecorder(const admin::LanesReply& first, std::uint64_t interval_ms, std::uint64_t intervals,
                           std::string& out)
    : first_ns_(first.now_ns), interval_ns_(interval_ms * 1'000'000), intervals_(intervals), writer_(interval_ms, out) {
  for (const auto& lane : first.lanes) {
    Lane& known = lanes_[{lane.pool, lane.container}];
    known.tasks = lane.tasks;
    known.handler_ns = lane.handler_ns;
  }
}

std::vector<LoadRecorder::Growth> LoadRecorder::grow(const admin::LanesReply& reading, std::string& out) {
  std::map<PoolId, std::string_view> names;
  for (const auto& pool : reading.pools) {
    if (is_load(pool)) names[pool.id] = pool.name;
  }
  std::vector<Growth> growths;
  for (const auto& now : reading.lanes) {
    const auto name = names.find(now.pool);
    if (name == names.end()) continue;
    Lane& lane = lanes_[{now.pool, now.container}];
    const std::uint64_t tasks = grown(lane.tasks, now.tasks);
    lane.waiting_ns += grown(lane.handler_ns, now.handler_ns);
    lane.tasks = now.tasks;
    lane.handler_ns = now.handler_ns;
    if (tasks == 0) continue;
    if (!lane.number) {
      lane.number = lanes_numbered_++;
      writer_.comment(fmt::format("lane {}: {}/{}", *lane.number, name->second, now.container), out);
    }
    growths.push_back({*lane.number, tasks, std::exchange(lane.waiting_ns, 0), 0});
  }
  return growths;
}

void LoadRecorder::put_until(std::uint64_t end_ns, const Span& span, std::vector<Growth>& growths) {
  for (Growth& growth : growths) {
    const std::uint64_t tasks = share(growth.tasks, end_ns - span.from_ns, span.to_ns - span.from_ns);
    if (tasks == growth.put) continue;
    auto& sum = open_[growth.number];
    sum.tasks += tasks - growth.put;
    sum.handler_ns +=
        share(growth.handler_ns, tasks, growth.tasks) - share(growth.handler_ns, growth.put, growth.tasks);
    growth.put = tasks;
  }
}

Status LoadRecorder::add(const admin::LanesReply& reading, std::string& out) {
  const Span span{last_ns_, std::max(reading.now_ns, first_ns_ + last_ns_) - first_ns_};
  last_ns_ = span.to_ns;
  std::vector<Growth> growths = grow(reading, out);
  std::uint64_t over = 0;
  while (!whole()) {
    const std::uint64_t end_ns = (writer_.intervals() + 1) * interval_ns_;
    put_until(std::min(end_ns, span.to_ns), span, growths);
    if (end_ns > span.to_ns) break;
    if (Status written = writer_.next(std::exchange(open_, {}), out); !written) return written;
    if (++over > 1) ++unread_;
  }
  return {};
}

Status LoadRecorder::end(std::string& out) {
  if (!whole() && !open_.empty()) {
    if (Status written = writer_.next(std::exchange(open_, {}), out); !written) return written;
  }
  writer_.end(out);
  return {};
}

}  // namespace chi::cli
