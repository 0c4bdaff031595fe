// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `trace`: null calls a second, the shortest tasks that there are, untraced, traced and traced without being thinned.
// In each repeat one after the other, so that what the machine does meanwhile is the same for all.
#include <array>
#include <map>

#include "benchmark/calls.h"
#include "benchmark/stage.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

constexpr unsigned kTracedDepths[] = {1, 64, 256};
constexpr const char* kOff = "off";
constexpr const char* kOn = "on";
constexpr const char* kAll = "all";

struct TracedRates {
  Figure rate, to_off, records, passed_over;
};

using TracedFound = std::map<std::pair<unsigned, std::string>, TracedRates>;

Result<double> traced_rate(const Stage& stage, const Pool& pool, unsigned depth, nanoseconds slice, bool all,
                           TracedRates& out) {
  const auto& admin = stage.client().admin();
  const auto started = admin.call<admin::TraceStart>(std::uint64_t{0}, all).get();
  if (!started.ok()) return started.error();
  Result<double> rate = call_for<small_message::Null>(pool, depth, slice);
  const auto stopped = admin.call<admin::TraceStop>().get();
  if (!stopped.ok()) return stopped.error();
  const auto released = admin.call<admin::TraceRead>(stopped->trace, std::uint64_t{0}, true).get();
  if (!released.ok()) return released.error();
  std::uint64_t kept = 0;
  std::uint64_t passed_over = 0;
  for (const auto& worker : stopped->workers) {
    kept += worker.records + worker.lost;
    passed_over += worker.passed_over;
  }
  out.records.add(static_cast<double>(kept));
  out.passed_over.add(static_cast<double>(passed_over));
  return rate;
}

Status measure_traced(const Stage& stage, const Pool& pool, unsigned depth, const Options& options,
                      TracedFound& found) {
  Result<double> off = call_for<small_message::Null>(pool, depth, options.slice());
  if (!off.ok()) return off.error();
  found[{depth, kOff}].rate.add(*off);
  for (const char* kind : {kOn, kAll}) {
    TracedRates& figures = found[{depth, kind}];
    const Result<double> rate = traced_rate(stage, pool, depth, options.slice(), kind == kAll, figures);
    if (!rate.ok()) return rate.error();
    figures.rate.add(*rate);
    figures.to_off.add(ratio(*rate, *off));
  }
  return {};
}

Report report_of_trace(TracedFound& found) {
  Report report;
  for (const unsigned depth : kTracedDepths) {
    for (const char* kind : {kOff, kOn, kAll}) {
      const TracedRates& figures = found[{depth, kind}];
      report.rows.push_back({{"depth", depth},
                             {"trace", kind},
                             {"ops_per_s", rounded(figures.rate.median())},
                             {"ratio_to_off", kind == kOff ? 1 : rounded(figures.to_off.median())},
                             {"steps", rounded(figures.records.median())},
                             {"passed_over", rounded(figures.passed_over.median())},
                             {"spread", rounded(figures.rate.spread())}});
    }
    report.targets.push_back({"calls/s traced / untraced, at depth " + std::to_string(depth),
                              found[{depth, kOn}].to_off.median(), 0.9, false});
  }
  report.notes = {"all: `chimaera trace start --all`; else what comes too fast is thinned, and counted (passed_over)"};
  return report;
}

}  // namespace

Result<Report> run_trace(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message");
  if (!pool.ok()) return pool.error();
  TracedFound found;
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    for (const unsigned depth : kTracedDepths) {
      Status goes_on = check_interrupt();
      if (!goes_on.ok()) return std::move(goes_on).error();
      Status measured = measure_traced(**stage, *pool, depth, options, found);
      if (!measured.ok()) return std::move(measured).error();
    }
  }
  return report_of_trace(found);
}

}  // namespace chi::bench
