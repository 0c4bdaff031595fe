// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_report.h.
#include "cli/demo_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.h"

namespace chi::cli {

namespace {

double rate(std::uint64_t amount, double seconds) { return seconds > 0 ? static_cast<double>(amount) / seconds : 0; }

std::string microseconds(std::uint64_t ns) { return fmt::format("{:.1f} us", static_cast<double>(ns) / 1e3); }

std::string storing(const DemoReport& report) {
  const double own_s = std::max(0.0, report.load_s - report.waited_s);
  Table table({"storing", "seconds", "records/s", "MB/s"});
  const auto add = [&](const char* what, double seconds) {
    table.add({what, fmt::format("{:.2f}", seconds),
               human_count(static_cast<unsigned long long>(rate(report.read, seconds))),
               fmt::format("{:.1f}", rate(report.bytes, seconds) / 1e6)});
  };
  add("in all", report.load_s);
  add("without waiting for the input", own_s);
  return table.text();
}

std::string queries(const DemoReport& report) {
  Table table({"query, run in the containers", "ms", "result", "against this program's own"});
  for (const DemoQuery& query : report.queries) {
    table.add({query.name, fmt::format("{:.2f}", query.seconds * 1e3), query.result,
               query.checked() ? "checked" : "DIFFERS: " + query.problem});
  }
  return table.text();
}

std::string containers(const DemoReport& report) {
  Table table({"container", "node", "worker", "records", "MB"});
  for (const DemoContainer& each : report.containers) {
    table.add({std::to_string(each.index), std::to_string(each.node), std::to_string(each.worker),
               human_count(each.records), fmt::format("{:.1f}", static_cast<double>(each.bytes) / 1e6)});
  }
  return table.text();
}

}  // namespace

bool DemoReport::correct() const noexcept {
  return std::all_of(queries.begin(), queries.end(), [](const DemoQuery& query) { return query.checked(); });
}

std::string render(const DemoReport& report) {
  std::string text =
      fmt::format("{} records ({} of different packages), {:.1f} MB, from {}\n\n", human_count(report.read),
                  human_count(report.records), static_cast<double>(report.bytes) / 1e6, printable(report.source));
  text += storing(report) + "\n" + queries(report) + "\n";
  text += fmt::format("point lookup, one at a time: p50 {}, p99 {} ({} random ones)\n\n", microseconds(report.p50_ns),
                      microseconds(report.p99_ns), human_count(report.lookups));
  text += containers(report) + "\n";
  text += report.correct() ? "All results are checked: they are what this program worked out by itself.\n"
                           : "SOME RESULTS DIFFER from what this program worked out by itself.\n";
  return text;
}

Json to_json(const DemoReport& report) {
  Json out;
  out["source"] = printable(report.source);
  out["read"] = report.read;
  out["records"] = report.records;
  out["bytes"] = report.bytes;
  out["load_s"] = report.load_s;
  out["waited_s"] = report.waited_s;
  out["records_per_s"] = rate(report.read, report.load_s);
  out["mb_per_s"] = rate(report.bytes, report.load_s) / 1e6;
  for (const DemoQuery& query : report.queries) {
    Json each;
    each["name"] = query.name;
    each["seconds"] = query.seconds;
    each["result"] = query.result;
    each["checked"] = query.checked();
    each["problem"] = query.problem;
    out["queries"].push_back(std::move(each));
  }
  out["lookups"] = report.lookups;
  out["lookup_p50_ns"] = report.p50_ns;
  out["lookup_p99_ns"] = report.p99_ns;
  for (const DemoContainer& container : report.containers) {
    Json each;
    each["index"] = container.index;
    each["node"] = container.node;
    each["worker"] = container.worker;
    each["records"] = container.records;
    each["bytes"] = container.bytes;
    out["containers"].push_back(std::move(each));
  }
  out["correct"] = report.correct();
  return out;
}

}  // namespace chi::cli
