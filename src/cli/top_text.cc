// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A frame of `chimaera top` as text.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/table.h"
#include "cli/target.h"
#include "cli/top_frame.h"

namespace chi::cli {

namespace {

std::string rate(const Json& value) {
  return human_count(static_cast<std::uint64_t>(std::llround(value.get<double>())));
}
std::string share(const Json& value) { return fmt::format("{:.1f}", value.get<double>()); }
std::string count(const Json& value) { return human_count(value.get<std::uint64_t>()); }
std::string bytes(const Json& value) { return human_size(value.get<double>()); }

std::string latency(const Json& value) {
  const auto ns = value.get<double>();
  return ns == 0 ? "-" : human_latency(ns);
}

std::vector<std::string> worker_cells(const Json& row) {
  return {count(row["worker"]),
          share(row["busy_percent"]),
          rate(row["tasks_per_second"]),
          count(row["queued"]),
          count(row["lanes"]),
          rate(row["sleeps_per_second"]),
          format_ranges(row["cpus"].get<std::vector<std::uint32_t>>()),
          row["active"].get<bool>() ? "" : "not active"};
}

const char* state_of_lane(const Json& row) {
  if (row["stuck"].get<bool>()) return "stuck";
  return row["isolated"].get<bool>() ? "isolated" : "";
}

std::vector<std::string> lane_cells(const Json& row) {
  return {row["lane"].get<std::string>(), count(row["worker"]),           share(row["handler_percent"]),
          rate(row["tasks_per_second"]),  count(row["queued"]),           count(row["running"]),
          latency(row["wait_ns"]),        bytes(row["bytes_per_second"]), state_of_lane(row)};
}

std::vector<std::string> method_cells(const Json& row) {
  return {row["module"].get<std::string>() + " " + row["method"].get<std::string>(),
          share(row["handler_percent"]),
          rate(row["tasks_per_second"]),
          rate(row["failed_per_second"]),
          latency(row["mean_ns"]),
          latency(row["p50_ns"]),
          latency(row["p99_ns"]),
          bytes(row["bytes_per_second"])};
}

std::vector<std::string> pool_cells(const Json& row) {
  return {row["pool"].get<std::string>(), row["module"].get<std::string>(), count(row["lanes"]),
          share(row["handler_percent"]),  rate(row["tasks_per_second"]),    count(row["queued"]),
          count(row["running"]),          bytes(row["bytes_per_second"])};
}

struct Section {
  const char* list;
  std::vector<std::string> header;
  std::vector<std::string> (*cells)(const Json& row);
};

const std::array<Section, 4>& sections() {
  static const std::array<Section, 4> kSections{{
      {"workers", {"WORKER", "busy %", "tasks/s", "queued", "lanes", "sleeps/s", "cpus", ""}, worker_cells},
      {"lanes", {"LANE", "worker", "handler %", "tasks/s", "queued", "running", "wait", "bytes/s", ""}, lane_cells},
      {"methods", {"METHOD", "handler %", "tasks/s", "failed/s", "mean", "p50", "p99", "bytes/s"}, method_cells},
      {"pools", {"POOL", "module", "lanes", "handler %", "tasks/s", "queued", "running", "bytes/s"}, pool_cells},
  }};
  return kSections;
}

// Lines for the rows of each of the first `shown` lists: all have their turn until they have what they need or nothing
// is left.
std::array<std::size_t, 4> shares(const Json& frame, std::size_t shown, std::size_t lines) {
  std::array<std::size_t, 4> out{};
  for (bool more = true; more && lines > 0;) {
    more = false;
    for (std::size_t i = 0; i < shown && lines > 0; ++i) {
      if (out[i] >= frame[sections()[i].list].size()) continue;
      ++out[i];
      --lines;
      more = true;
    }
  }
  return out;
}

}  // namespace

std::string render_top(const Json& frame, std::size_t rows) {
  std::string out = fmt::format(
      "daemon '{}', {}, up {}, {} resident, sessions: {}{}; over {}\n", printable(frame["daemon"].get<std::string>()),
      pid_text(frame["pid"].is_null() ? 0 : frame["pid"].get<pid_t>()), human_duration(frame["uptime_s"].get<double>()),
      bytes(frame["resident_bytes"]), frame["sessions"].get<unsigned>(),
      frame["stuck"].get<unsigned>() == 0 ? "" : fmt::format(", {} STUCK", frame["stuck"].get<unsigned>()),
      human_duration(frame["seconds"].get<double>()));
  // On a small terminal fewer lists. Each has a blank line, its header, and what says that there is more.
  const std::size_t shown = std::clamp<std::size_t>(rows / 6, 1, sections().size());
  const std::size_t around = 1 + 3 * shown;
  const auto fits = shares(frame, shown, rows > around ? rows - around : 0);
  for (std::size_t i = 0; i < shown; ++i) {
    const Section& section = sections()[i];
    const Json& list = frame[section.list];
    Table table(section.header);
    for (std::size_t row = 0; row < fits[i]; ++row) table.add(section.cells(list[row]));
    out += "\n" + table.text();
    if (fits[i] < list.size()) out += fmt::format("  and {} more\n", list.size() - fits[i]);
  }
  return out;
}

}  // namespace chi::cli
