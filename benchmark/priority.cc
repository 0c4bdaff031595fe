// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `priority`: low-latency calls, alone and while high-throughput tasks stand in line at the same worker. One thread
// makes both, since on two CPUs a thread for the flood would take turns with the one that is timed: it tops the flood
// up between its low-latency calls, and what it then does about the flood's replies is part of what a caller pays.
//
// The calls alone are made at the same pace. An interrupt of the worker's CPU delays the call that comes next, whenever
// it was; calls that follow each other at once would show each interrupt in one of many more, and so above their p99.
#include <algorithm>

#include "benchmark/calls.h"
#include "benchmark/stage.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

using small_message::Null;

constexpr unsigned kFlood = 192;  // tasks under way; a ring holds 256
constexpr unsigned kTopUp = 16;

// High-throughput tasks, as many under way as kFlood.
class Flood {
 public:
  explicit Flood(const Pool& pool) : pool_(pool.with_priority(Priority::high_throughput)), calls_(kFlood) {
    for (auto& call : calls_) call = pool_.call<Null>();
  }

  // Puts a new task in place of each that has ended, oldest first, of so many at most that the pace of the calls that
  // are timed stays far above that of sleeps and wake-ups. False when one failed.
  bool top_up() {
    for (unsigned i = 0; i < kTopUp && calls_[oldest_].ready(); ++i) {
      if (!failure_.check(calls_[oldest_].get())) return false;
      calls_[oldest_] = pool_.call<Null>();
      oldest_ = (oldest_ + 1) % kFlood;
      ++done_;
    }
    return true;
  }

  std::uint64_t done() const noexcept { return done_; }
  const Status& status() const noexcept { return failure_.status(); }

 private:
  Pool pool_;
  std::vector<Future<Null::Reply>> calls_;
  FirstFailure failure_;
  std::uint64_t done_ = 0;
  unsigned oldest_ = 0;
};

struct PriorityFigures {
  Figure p50, p99, rate;

  void add(Samples& samples) {
    p50.add(samples.percentile(0.5));
    p99.add(samples.percentile(0.99));
  }
};

struct PriorityFound {
  PriorityFigures alone, flooded;
  Figure ratio_p99;
};

// Low-latency calls, each timed alone; between them the flood is topped up.
Status time_flooded(const Pool& pool, nanoseconds slice, Samples& samples, Figure& flood_rate) {
  FirstFailure failure;
  Flood flood(pool);
  samples.clear();
  const std::uint64_t begin = now_ns();
  const std::uint64_t end = begin + static_cast<std::uint64_t>(slice.count());
  std::uint64_t now = begin;
  while (now < end && !samples.full()) {
    if (!flood.top_up()) return flood.status();
    const std::uint64_t sent = now_ns();
    if (!failure.check(pool.call<Null>().get())) return failure.status();
    now = now_ns();
    samples.add(now - sent);
  }
  flood_rate.add(ratio(static_cast<double>(flood.done()) * 1e9, static_cast<double>(now - begin)));
  return {};
}

// Calls alone, each timed, one in each `interval`.
Status time_alone(const Pool& pool, nanoseconds slice, std::uint64_t interval, Samples& samples) {
  FirstFailure failure;
  samples.clear();
  std::uint64_t now = now_ns();
  const std::uint64_t end = now + static_cast<std::uint64_t>(slice.count());
  for (std::uint64_t next = now; now < end && !samples.full(); next = std::max(next + interval, now)) {
    while (now < next) now = now_ns();
    const std::uint64_t sent = now_ns();
    if (!failure.check(pool.call<Null>().get())) return failure.status();
    now = now_ns();
    samples.add(now - sent);
  }
  return {};
}

Status measure(const Pool& pool, const Options& options, PriorityFound& out) {
  Samples samples(1'000'000);
  FirstFailure failure;
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
    const auto call = [&] { return failure.check(pool.call<Null>().get()); };
    if (!time_each(samples, options.slice() / 10, call)) return failure.status();
    Status flooded = time_flooded(pool, options.slice(), samples, out.flooded.rate);
    if (!flooded.ok()) return flooded;
    out.flooded.add(samples);
    const double p99 = samples.percentile(0.99);
    const auto interval =
        static_cast<std::uint64_t>(options.slice().count()) / std::max<std::size_t>(samples.size(), 1);
    Status alone = time_alone(pool, options.slice(), interval, samples);
    if (!alone.ok()) return alone;
    out.alone.add(samples);
    out.ratio_p99.add(ratio(p99, samples.percentile(0.99)));
  }
  return {};
}

}  // namespace

Result<Report> run_priority(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message");
  if (!pool.ok()) return pool.error();
  PriorityFound found;
  Status measured = measure(*pool, options, found);
  if (!measured.ok()) return std::move(measured).error();

  Report report;
  report.rows = {{{"beside", "nothing"},
                  {"p50_ns", rounded(found.alone.p50.median())},
                  {"p99_ns", rounded(found.alone.p99.median())},
                  {"spread_p99", rounded(found.alone.p99.spread())}},
                 {{"beside", "flood"},
                  {"p50_ns", rounded(found.flooded.p50.median())},
                  {"p99_ns", rounded(found.flooded.p99.median())},
                  {"spread_p99", rounded(found.flooded.p99.spread())},
                  {"ratio_p99", rounded(found.ratio_p99.median())},
                  {"flood_per_s", rounded(found.flooded.rate.median())}}};
  report.targets = {{"p99 of low-latency calls beside a flood / alone", found.ratio_p99.median(), 3, true}};
  return report;
}

}  // namespace chi::bench
