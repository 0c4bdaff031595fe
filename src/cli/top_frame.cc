// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Differences, sorted.
#include "cli/top_frame.h"

#include <chimaera/statistics.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <tuple>
#include <vector>

namespace chi::cli {

namespace {

// Counters of two readings as a rate; one that went back has begun anew.
class Rates {
 public:
  explicit Rates(std::uint64_t ns) : ns_(static_cast<double>(std::max<std::uint64_t>(ns, 1))) {}

  static std::uint64_t grown(std::uint64_t before, std::uint64_t after) {
    return after >= before ? after - before : after;
  }
  double per_second(std::uint64_t before, std::uint64_t after) const {
    return static_cast<double>(grown(before, after)) * 1e9 / ns_;
  }
  double percent(std::uint64_t before, std::uint64_t after) const {
    return static_cast<double>(grown(before, after)) * 100 / ns_;
  }
  double seconds() const { return ns_ / 1e9; }

 private:
  double ns_;
};

double mean(std::uint64_t sum, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

void busiest_first(Json& rows) {
  auto& list = rows.get_ref<Json::array_t&>();
  const auto key = [](const Json& row) {
    return std::tuple(row["handler_percent"].get<double>(), row["tasks_per_second"].get<double>());
  };
  std::sort(list.begin(), list.end(),
            [key](const Json& a, const Json& b) { return key(a) != key(b) ? key(a) > key(b) : a < b; });
}

Json workers_of(const TopReading& before, const TopReading& after, const Rates& rates) {
  Json out = Json::array();
  for (std::size_t i = 0; i < after.lanes.workers.size(); ++i) {
    const admin::WorkerCounters& now = after.lanes.workers[i];
    const admin::WorkerCounters then =
        i < before.lanes.workers.size() ? before.lanes.workers[i] : admin::WorkerCounters{};
    out.push_back({{"worker", now.worker},
                   {"active", now.active},
                   {"busy_percent", std::min(100.0, rates.percent(std::min(then.busy_ns, now.busy_ns), now.busy_ns))},
                   {"tasks_per_second", rates.per_second(then.tasks, now.tasks)},
                   {"queued", now.queued},
                   {"lanes", now.lanes},
                   {"sleeps_per_second", rates.per_second(then.sleeps, now.sleeps)},
                   {"cpus", now.cpus}});
  }
  return out;
}

using LaneKey = std::pair<PoolId, std::uint32_t>;

std::map<LaneKey, admin::LaneCounters> by_lane(const admin::LanesReply& reply) {
  std::map<LaneKey, admin::LaneCounters> out;
  for (const auto& lane : reply.lanes) out[{lane.pool, lane.container}] = lane;
  return out;
}

Json lane_row(const std::string& pool, const admin::LaneCounters& then, const admin::LaneCounters& now,
              const Rates& rates) {
  return {{"lane", pool + "/" + std::to_string(now.container)},
          {"worker", now.worker},
          {"tasks_per_second", rates.per_second(then.tasks, now.tasks)},
          {"queued", now.queued},
          {"running", now.running},
          {"handler_percent", rates.percent(std::min(then.handler_ns, now.handler_ns), now.handler_ns)},
          {"wait_ns", mean(Rates::grown(then.wait_ns, now.wait_ns), Rates::grown(then.tasks, now.tasks))},
          {"bytes_per_second", rates.per_second(then.bytes, now.bytes)},
          {"isolated", now.isolated},
          {"stuck", now.stuck}};
}

Json pool_row(const admin::LanePool& pool) {
  return {{"pool", pool.name},
          {"module", pool.module},
          {"lanes", 0},
          {"tasks_per_second", 0.0},
          {"queued", 0},
          {"running", 0},
          {"handler_percent", 0.0},
          {"bytes_per_second", 0.0}};
}

void add_lanes(const TopReading& before, const TopReading& after, const Rates& rates, Json& frame) {
  const auto then = by_lane(before.lanes);
  std::map<PoolId, Json> pools;
  std::map<PoolId, std::string> names;
  for (const auto& pool : after.lanes.pools) {
    pools[pool.id] = pool_row(pool);
    names[pool.id] = pool.name;
  }
  frame["lanes"] = Json::array();
  for (const auto& now : after.lanes.lanes) {
    if (!names.contains(now.pool)) continue;  // it went away between two pieces
    const auto found = then.find({now.pool, now.container});
    Json row = lane_row(names[now.pool], found == then.end() ? admin::LaneCounters{} : found->second, now, rates);
    Json& pool = pools[now.pool];
    for (const char* sum : {"tasks_per_second", "handler_percent", "bytes_per_second"}) {
      pool[sum] = pool[sum].get<double>() + row[sum].get<double>();
    }
    for (const char* sum : {"queued", "running"}) pool[sum] = pool[sum].get<unsigned>() + row[sum].get<unsigned>();
    pool["lanes"] = pool["lanes"].get<unsigned>() + 1;
    frame["lanes"].push_back(std::move(row));
  }
  frame["pools"] = Json::array();
  for (auto& [id, row] : pools) frame["pools"].push_back(std::move(row));
}

// What was counted between two readings.
std::vector<std::uint64_t> grown(const std::vector<std::uint64_t>& before, std::vector<std::uint64_t> after) {
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    after[i] = Rates::grown(before[i], after[i]);
  }
  return after;
}

Json methods_of(const TopReading& before, const TopReading& after, const Rates& rates) {
  std::map<std::pair<std::string, std::uint32_t>, admin::MethodLoadInfo> then;
  for (const auto& row : before.methods.methods) then[{row.module, row.id}] = row;
  Json out = Json::array();
  for (const auto& now : after.methods.methods) {
    const admin::MethodLoadInfo& old = then[{now.module, now.id}];
    const std::vector<std::uint64_t> histogram = grown(old.histogram, now.histogram);
    const std::uint64_t measured = std::accumulate(histogram.begin(), histogram.end(), std::uint64_t{0});
    out.push_back({{"module", now.module},
                   {"method", now.method},
                   {"tasks_per_second", rates.per_second(old.tasks, now.tasks)},
                   {"failed_per_second", rates.per_second(old.failed, now.failed)},
                   {"handler_percent", rates.percent(old.total_ns, now.total_ns)},
                   {"mean_ns", mean(Rates::grown(old.total_ns, now.total_ns), measured)},
                   {"p50_ns", percentile_ns(histogram, 0.5)},
                   {"p99_ns", percentile_ns(histogram, 0.99)},
                   {"bytes_per_second", rates.per_second(old.bytes, now.bytes)}});
  }
  return out;
}

}  // namespace

Json top_frame(const TopReading& before, const TopReading& after, pid_t pid) {
  const Rates rates(Rates::grown(before.lanes.now_ns, after.lanes.now_ns));
  Json frame = {{"daemon", after.status.name},
                {"pid", pid == 0 ? Json() : Json(pid)},
                {"uptime_s", after.status.uptime_s},
                {"resident_bytes", after.status.resident_bytes},
                {"sessions", after.status.sessions.size()},
                {"stuck", after.status.stuck.size()},
                {"seconds", rates.seconds()},
                {"workers", workers_of(before, after, rates)},
                {"methods", methods_of(before, after, rates)}};
  add_lanes(before, after, rates, frame);
  for (const char* list : {"lanes", "pools", "methods"}) busiest_first(frame[list]);
  return frame;
}

}  // namespace chi::cli
