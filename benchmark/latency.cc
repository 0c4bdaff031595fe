// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `latency`: what one call costs that does nothing, one in flight, and the same with 4 KiB of loaned memory passed on.
#include <algorithm>

#include "benchmark/calls.h"
#include "benchmark/stage.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

using small_message::Null;
using small_message::PassBuffer;

constexpr std::size_t kMaxSamples = 1'000'000;
constexpr std::size_t kPayload = 4096;

struct LatencyFigures {
  Figure p50, p99, p999, ratio_p50, rate;

  void add(Samples& samples, double against) {
    p50.add(samples.percentile(0.5));
    p99.add(samples.percentile(0.99));
    p999.add(samples.percentile(0.999));
    ratio_p50.add(ratio(samples.percentile(0.5), against));
    rate.add(samples.rate());
  }
};

Row row_of(const char* name, const LatencyFigures& figures, const Figure& floor) {
  return {{"workload", name},
          {"p50_ns", rounded(figures.p50.median())},
          {"p99_ns", rounded(figures.p99.median())},
          {"p999_ns", rounded(figures.p999.median())},
          {"floor_p50_ns", rounded(floor.median())},
          {"ratio_p50", rounded(figures.ratio_p50.median())},
          {"ops_per_s", rounded(figures.rate.median())},
          {"spread_p50", rounded(figures.p50.spread())}};
}

struct Latency {
  LatencyFigures null, with_payload;
  Figure floor, payload_ratio;
};

Status measure(Stage& stage, const Pool& pool, const Buffer& payload, Samples& samples, const Options& options,
               Latency& out) {
  FirstFailure failure;
  const auto null = [&] { return failure.check(pool.call<Null>().get()); };
  const auto pass = [&] { return failure.check(pool.call<PassBuffer>(payload).get()); };
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
    stage.time_floor(samples, options.slice());
    const double floor = samples.percentile(0.5);
    out.floor.add(floor);
    time_each(samples, options.slice() / 10, null);
    if (!time_each(samples, options.slice(), null)) return failure.status();
    const double null_p50 = samples.percentile(0.5);
    out.null.add(samples, floor);
    time_each(samples, options.slice() / 10, pass);
    if (!time_each(samples, options.slice(), pass)) return failure.status();
    out.with_payload.add(samples, floor);
    out.payload_ratio.add(ratio(samples.percentile(0.5), null_p50));
  }
  return {};
}

}  // namespace

Result<Report> run_latency(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message");
  if (!pool.ok()) return pool.error();
  const Result<Buffer> payload = (*stage)->client().allocate_buffer(kPayload);
  if (!payload.ok()) return payload.error();
  Samples samples(kMaxSamples);
  Latency found;
  Status measured = measure(**stage, *pool, *payload, samples, options, found);
  if (!measured.ok()) return std::move(measured).error();

  Report report;
  report.single = true;
  report.rows = {row_of("latency", found.null, found.floor), row_of("latency_4k", found.with_payload, found.floor)};
  report.rows[0]["payload_bytes"] = 0;
  report.rows[1]["payload_bytes"] = kPayload;
  report.rows[1]["ratio_to_null"] = rounded(found.payload_ratio.median());
  const double floor = found.floor.median();
  report.targets = {{"null round trip / bare ping-pong", found.null.ratio_p50.median(),
                     std::max(2.0, ratio(floor + 150, floor)), true},
                    {"with 4 KiB of loaned memory / null round trip", found.payload_ratio.median(), 1.3, true}};
  return report;
}

}  // namespace chi::bench
