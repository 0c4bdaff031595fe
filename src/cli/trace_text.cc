// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Sentences, and what makes them needed.
#include "cli/trace_text.h"

#include <fmt/format.h>

#include "cli/table.h"

namespace chi::cli {

TraceGaps::TraceGaps(const admin::TraceStopReply& trace) {
  for (const admin::TraceWorker& worker : trace.workers) {
    lost += worker.lost;
    passed_over += worker.passed_over;
  }
}

std::string trace_text(const admin::TraceStopReply& trace, const std::string& file) {
  const TraceGaps gaps(trace);
  std::string out = fmt::format("traced {}: {} steps (workers: {}) are in {}; open it at https://ui.perfetto.dev\n",
                                human_duration(static_cast<double>(trace.duration_ns) / 1e9),
                                human_count(trace.records), trace.workers.size(), printable(file));
  if (gaps.lost != 0) {
    out += fmt::format("{} older steps had no room: trace for a shorter time, or with more --records\n",
                       human_count(gaps.lost));
  }
  if (gaps.passed_over != 0) {
    out += fmt::format("{} tasks came too fast to trace each: `chimaera trace start --all` does, and slows them down\n",
                       human_count(gaps.passed_over));
  }
  for (const std::uint32_t worker : trace.missing) {
    out += fmt::format("worker {} did not answer in time: what it kept is missing\n", worker);
  }
  return out;
}

bool trace_has_gone(Code code) noexcept {
  return code == Code::aborted || code == Code::unavailable || code == Code::failed_precondition;
}

std::string unreleased_text(const Error& error, const std::string& file) {
  if (trace_has_gone(error.code)) return {};
  return fmt::format(
      "warning: {} is whole, but the daemon may still hold the trace in its memory ({}); the next `chimaera trace "
      "start` lets go of it, and so does `chimaera trace stop -o FILE`\n",
      printable(file), printable(error.to_string()));
}

}  // namespace chi::cli
