// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Sums into means and percentiles.
#include "runtime/method_report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "chimaera/statistics.h"

namespace chi::runtime {
namespace {

double per(double sum, std::uint64_t count) noexcept { return count == 0 ? 0 : sum / static_cast<double>(count); }

}  // namespace

admin::MethodLoadInfo report_method(const MethodLoad::Sums& sums) {
  admin::MethodLoadInfo out;
  out.tasks = sums.tasks;
  out.failed = sums.failed;
  out.bytes = sums.bytes;
  out.total_ns = sums.handler_ns;
  out.mean_ns = per(static_cast<double>(sums.handler_ns), sums.measured);
  out.p50_ns = percentile_ns(sums.histogram, 0.5);
  out.p99_ns = percentile_ns(sums.histogram, 0.99);
  out.predicted = sums.predicted;
  out.predicted_mean_ns = per(static_cast<double>(sums.predicted_ns), sums.predicted);
  out.actual_mean_ns = per(static_cast<double>(sums.actual_ns), sums.predicted);
  out.error = per(sums.error, sums.predicted);
  out.long_running = sums.long_running;
  const auto used = std::find_if(sums.histogram.rbegin(), sums.histogram.rend(), [](auto each) { return each != 0; });
  out.histogram.assign(sums.histogram.begin(), used.base());
  for (unsigned i = 0; i < CostModel::kClasses; ++i) {
    const CostModel::Class& each = sums.classes[i];
    if (each.count != 0) out.classes.push_back({i, each.count, each.mean_ns});
  }
  return out;
}

std::vector<MethodSums> sum_methods(Crew& crew) {
  std::map<std::pair<std::string, std::uint32_t>, MethodSums> found;
  for (std::size_t i = 0; i < crew.size(); ++i) {
    const Worker& worker = crew.worker(i);
    worker.meter().for_each([&](const MethodLoad& load) {
      MethodSums& of = found[{load.module(), load.id()}];
      of.module = load.module();
      of.id = load.id();
      of.method = load.name();
      load.add_to_sums(of.sums);
    });
  }
  std::vector<MethodSums> out;
  out.reserve(found.size());
  for (auto& [key, of] : found) out.push_back(std::move(of));
  return out;
}

admin::MethodsReply report_methods(Crew& crew) {
  admin::MethodsReply reply;
  for (const MethodSums& of : sum_methods(crew)) {
    reply.methods.push_back(report_method(of.sums));
    admin::MethodLoadInfo& row = reply.methods.back();
    row.module = of.module;
    row.id = of.id;
    row.method = of.method;
  }
  std::sort(reply.methods.begin(), reply.methods.end(),
            [](const auto& a, const auto& b) { return a.total_ns > b.total_ns; });
  return reply;
}

}  // namespace chi::runtime
