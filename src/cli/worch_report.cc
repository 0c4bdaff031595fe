// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements worch_report.h.
#include "cli/worch_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/table.h"
#include "sim/plot.h"

namespace chi::cli {

namespace {

std::string short_name(const std::string& policy) {
  constexpr std::string_view kPrefix = "worch_queue_";
  return policy.starts_with(kPrefix) ? policy.substr(kPrefix.size()) : policy;
}

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

std::string title(const SimulatedLoad& load, const sim::SimulationOptions& options) {
  std::string out = fmt::format("{} workers, {} lanes, load {}", options.workers, human_count(load.lanes), load.name);
  if (load.utilization > 0) out += fmt::format(" ({:.0f} % of the workers' time)", load.utilization * 100);
  return out + fmt::format(", a view each {:g} ms", seconds(options.period_ns) * 1e3);
}

void add_row(Table& table, const std::string& time, const std::string& policy, const sim::SimulationRow& row) {
  table.add({time, policy, fmt::format("{:.2f}", row.imbalance), human_count(row.moved),
             human_latency(static_cast<double>(row.p50_ns)), human_latency(static_cast<double>(row.p99_ns)),
             human_count(row.begun), human_count(row.queued)});
}

Json row_json(const sim::SimulationRow& row) {
  Json out;
  out["begin_s"] = seconds(row.begin_ns);
  out["end_s"] = seconds(row.end_ns);
  out["imbalance"] = row.imbalance;
  out["moved"] = row.moved;
  out["wait_p50_ns"] = row.p50_ns;
  out["wait_p99_ns"] = row.p99_ns;
  out["begun"] = row.begun;
  out["queued"] = row.queued;
  return out;
}

}  // namespace

std::string render_simulation(const SimulatedLoad& load, const sim::SimulationOptions& options,
                              const std::vector<sim::SimulationReport>& reports) {
  Table table({"until", "policy", "imbalance", "moved", "p50 wait", "p99 wait", "begun", "queued"});
  const std::size_t rows = reports.empty() ? 0 : reports.front().rows.size();
  for (std::size_t i = 0; i < rows; ++i) {
    for (const sim::SimulationReport& report : reports) {
      const sim::SimulationRow& row = report.rows[i];
      add_row(table, fmt::format("{:.4g} s", seconds(row.end_ns)), short_name(report.policy), row);
    }
  }
  for (const sim::SimulationReport& report : reports) add_row(table, "all", short_name(report.policy), report.all);
  std::string out = printable(title(load, options)) + "\n" + table.text();
  out += "imbalance: work that came to the busiest worker, by the mean of all workers\n";
  for (const sim::SimulationReport& report : reports) {
    if (report.refused == 0) continue;
    out += fmt::format("{}: {} answers were refused, the first one: {}\n", report.policy, report.refused,
                       printable(report.refusal));
  }
  return out;
}

Json simulation_json(const SimulatedLoad& load, const sim::SimulationOptions& options,
                     const std::vector<sim::SimulationReport>& reports) {
  Json out;
  out["load"] = load.name;
  out["workers"] = options.workers;
  out["lanes"] = load.lanes;
  out["seed"] = std::to_string(load.seed);  // of 64 bits, and rounded it would be another
  if (load.utilization > 0) out["utilization"] = load.utilization;
  out["seconds"] = seconds(options.end_ns);
  out["period_ms"] = seconds(options.period_ns) * 1e3;
  out["pause_us"] = seconds(options.pause_ns) * 1e6;
  out["policies"] = Json::array();
  for (const sim::SimulationReport& report : reports) {
    Json each = row_json(report.all);
    each["policy"] = report.policy;
    each["version"] = report.version;
    each["done"] = report.done;
    each["refused"] = report.refused;
    each["refusal"] = report.refusal;
    each["why"] = report.last_words;
    each["rows"] = Json::array();
    for (const sim::SimulationRow& row : report.rows) each["rows"].push_back(row_json(row));
    out["policies"].push_back(std::move(each));
  }
  return out;
}

std::string simulation_svg(const SimulatedLoad& load, const sim::SimulationOptions& options,
                           const std::vector<sim::SimulationReport>& reports) {
  std::vector<sim::Panel> panels = {{.title = "imbalance: busiest worker's work / mean", .least = 1},
                                    {.title = "p99 of the time that tasks wait, ms", .logarithmic = true},
                                    {.title = "lanes moved"}};
  for (const sim::SimulationReport& report : reports) {
    for (sim::Panel& panel : panels) panel.curves.push_back({short_name(report.policy), {}});
    for (const sim::SimulationRow& row : report.rows) {
      const double at = seconds(row.end_ns);
      panels[0].curves.back().points.emplace_back(at, row.imbalance);
      panels[1].curves.back().points.emplace_back(at, static_cast<double>(row.p99_ns) / 1e6);
      panels[2].curves.back().points.emplace_back(at, static_cast<double>(row.moved));
    }
  }
  return sim::plot_svg(title(load, options), panels);
}

}  // namespace chi::cli
