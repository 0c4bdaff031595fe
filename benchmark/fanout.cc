// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `fanout`: one call to all of 1 to 64 containers, each of which answers for itself.
#include "benchmark/calls.h"
#include "benchmark/stage.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

using small_message::Null;

constexpr std::uint32_t kFanouts[] = {1, 2, 4, 8, 16, 32, 64};

struct Fan {
  std::uint32_t containers;
  Pool pool;
  Figure p50{}, p99{}, ratio{};
};

Result<std::vector<Fan>> make_fans(Stage& stage) {
  std::vector<Fan> fans;
  for (std::uint32_t containers : kFanouts) {
    Result<Pool> pool = stage.make_pool("small_message", containers);
    if (!pool.ok()) return std::move(pool).error();
    fans.push_back({containers, pool->on(all())});
  }
  return fans;
}

Status measure(Fan& fan, nanoseconds slice, double floor, Samples& samples) {
  FirstFailure failure;
  const auto broadcast = [&] {
    const auto gathered = fan.pool.gather<Null>().get();
    if (!failure.check(gathered)) return false;
    if (gathered->complete() && gathered->replies.size() == fan.containers) return true;
    return failure.check(Result<int>(Code::internal, "a broadcast came back incomplete"));
  };
  time_each(samples, slice / 10, broadcast);
  if (!time_each(samples, slice, broadcast)) return failure.status();
  fan.p50.add(samples.percentile(0.5));
  fan.p99.add(samples.percentile(0.99));
  fan.ratio.add(ratio(samples.percentile(0.5), floor));
  return {};
}

}  // namespace

Result<Report> run_fanout(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  Result<std::vector<Fan>> fans = make_fans(**stage);
  if (!fans.ok()) return std::move(fans).error();
  Samples samples(500'000);
  Figure floor;
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    (*stage)->time_floor(samples, options.slice());
    floor.add(samples.percentile(0.5));
    const double floor_now = samples.percentile(0.5);
    for (Fan& fan : *fans) {
      Status goes_on = check_interrupt();
      if (!goes_on.ok()) return std::move(goes_on).error();
      Status measured = measure(fan, options.slice(), floor_now, samples);
      if (!measured.ok()) return std::move(measured).error();
    }
  }
  Report report;
  for (const Fan& fan : *fans) {
    report.rows.push_back({{"containers", fan.containers},
                           {"p50_ns", rounded(fan.p50.median())},
                           {"p99_ns", rounded(fan.p99.median())},
                           {"p50_ns_per_container", rounded(fan.p50.median() / fan.containers)},
                           {"floor_p50_ns", rounded(floor.median())},
                           {"ratio_p50", rounded(fan.ratio.median())},
                           {"spread_p50", rounded(fan.p50.spread())}});
  }
  report.notes = {"the floor is one bare round trip, however many containers there are"};
  return report;
}

}  // namespace chi::bench
