// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Rows as JSON, and as text.
#include "benchmark/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "benchmark/statistics.h"

namespace chi::bench {
namespace {

Json machine_json(const Machine& machine) {
  Json out;
  out["cpus"] = machine.cpus;
  out["load"] = machine.load;
  out["busy_percent"] = rounded(machine.busy_percent);
  out["stolen_percent"] = rounded(machine.stolen_percent);
  out["clock_ns"] = rounded(machine.clock_ns);
  out["warning"] = machine.warning();
  return out;
}

Json target_json(const Target& target) {
  Json out;
  out["what"] = target.what;
  out["measured"] = rounded(target.measured);
  out[target.at_most ? "at_most" : "at_least"] = rounded(target.limit);
  out["met"] = target.met();
  return out;
}

std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string size_cell(double bytes) {
  constexpr double kMiB = 1U << 20;
  std::string exact = format_size(static_cast<std::uint64_t>(bytes));
  return exact.size() <= 6 ? exact : fmt::format("{:.1f}MiB", bytes / kMiB);
}

std::string number_cell(const std::string& column, double value) {
  if (column.ends_with("_bytes")) return size_cell(value);
  return value >= 10'000 ? grouped(value) : fmt::format("{:.4g}", value);
}

}  // namespace

Json to_json(const Report& report) {
  Json out;
  out["workload"] = report.workload;
  if (report.single && !report.rows.empty()) out.update(report.rows.front());
  out["repeats"] = report.repeats;
  out["rows"] = report.rows;
  for (const auto& [name, row] : report.beside) out[name] = row;
  out["targets"] = Json::array();
  for (const Target& target : report.targets) out["targets"].push_back(target_json(target));
  out["notes"] = report.notes;
  out["machine"] = machine_json(report.machine);
  return out;
}

std::vector<std::string> columns(const std::vector<Row>& rows) {
  std::vector<std::string> out;
  for (const Row& row : rows) {
    for (const auto& [key, value] : row.items()) {
      if (std::find(out.begin(), out.end(), key) == out.end()) out.push_back(key);
    }
  }
  return out;
}

std::string cell(const Row& row, const std::string& column) {
  const auto found = row.find(column);
  if (found == row.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
  return number_cell(column, found->get<double>());
}

}  // namespace chi::bench
