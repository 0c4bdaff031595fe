// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Rows into columns.
#include "cli/methods.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.h"

namespace chi::cli {

namespace {

std::string latency_or_none(double ns, std::uint64_t count) { return count == 0 ? "-" : human_latency(ns); }

// "0 B", "to 64 B": the requests of a size class.
std::string sizes_of(std::uint32_t size_class) {
  if (size_class == 0) return human_size(0);
  return "to " + human_size(static_cast<double>(std::uint64_t{1} << std::min(size_class, 62U)));
}

std::string render_costs(const admin::MethodsReply& reply) {
  Table table({"module", "method", "tasks", "failed", "total", "mean", "p50", "p99", "bytes", "predicted", "actual",
               "error", "long"});
  for (const auto& row : reply.methods) {
    const bool measured = !row.classes.empty();
    table.add({row.module, row.method, human_count(row.tasks), human_count(row.failed),
               human_latency(static_cast<double>(row.total_ns)), latency_or_none(row.mean_ns, measured),
               latency_or_none(row.p50_ns, measured), latency_or_none(row.p99_ns, measured),
               human_size(static_cast<double>(row.bytes)), latency_or_none(row.predicted_mean_ns, row.predicted),
               latency_or_none(row.actual_mean_ns, row.predicted),
               row.predicted == 0 ? "-" : fmt::format("{:.0f} %", row.error * 100), row.long_running ? "yes" : "no"});
  }
  return table.text(2);
}

std::string render_classes(const admin::MethodsReply& reply) {
  Table table({"module", "method", "request", "measured", "mean"});
  for (const auto& row : reply.methods) {
    for (const auto& each : row.classes) {
      table.add(
          {row.module, row.method, sizes_of(each.size_class), human_count(each.measured), human_latency(each.mean_ns)});
    }
  }
  return table.text(2);
}

}  // namespace

std::string render_methods(const admin::MethodsReply& reply) {
  if (reply.methods.empty()) return "methods: none was called yet\n";
  return "methods, by total time in handlers:\n" + render_costs(reply) + "\nlearnt, by size of request:\n" +
         render_classes(reply);
}

}  // namespace chi::cli
