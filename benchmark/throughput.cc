// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `throughput`: null calls a second, by number of client threads and by how many each has under way.
#include <algorithm>
#include <map>

#include "benchmark/calls.h"
#include "benchmark/client_threads.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

using small_message::Null;
using small_message::NullCoroutine;

constexpr unsigned kDepths[] = {1, 4, 16, 64, 256};
constexpr unsigned kTargetDepth = 64;

struct Point {
  unsigned threads;
  unsigned depth;
  bool operator<(const Point& other) const {
    return threads != other.threads ? threads < other.threads : depth < other.depth;
  }
};

struct ThroughputFigures {
  Figure floor, plain, coroutine, plain_ratio, coroutine_ratio, to_plain;
};

// Calls a second over a bare ring.
double ring_for(BareClient& ring, unsigned depth, nanoseconds slice) {
  std::uint64_t done = 0;
  const auto turn = [&] {
    for (unsigned i = 0; i < kCallsBetweenLooks; ++i) {
      while (ring.under_way() == depth) done += ring.receive();
      ring.send();
    }
    return true;
  };
  repeat_for(slice / 10, turn);
  done = 0;
  const std::uint64_t ns = repeat_for(slice, turn);
  while (ring.under_way() > 0) ring.receive();
  return ratio(static_cast<double>(done) * 1e9, static_cast<double>(ns));
}

Status measure(Stage& stage, const Pool& pool, const Point& at, const Options& options, ThroughputFigures& out) {
  stage.floor().spin(at.threads);
  const Result<double> floor = run_threads(stage, pool, at.threads, [&](unsigned i) -> Result<double> {
    return ring_for(stage.floor().ring(i), at.depth, options.slice());
  });
  stage.floor().rest();
  if (!floor.ok()) return floor.error();
  const auto own_container = [&](unsigned i) { return pool.on(container(i % options.workers)); };
  const Result<double> plain = run_threads(
      stage, pool, at.threads, [&](unsigned i) { return call_for<Null>(own_container(i), at.depth, options.slice()); });
  if (!plain.ok()) return plain.error();
  const Result<double> coroutine = run_threads(stage, pool, at.threads, [&](unsigned i) {
    return call_for<NullCoroutine>(own_container(i), at.depth, options.slice());
  });
  if (!coroutine.ok()) return coroutine.error();
  out.floor.add(*floor);
  out.plain.add(*plain);
  out.plain_ratio.add(ratio(*plain, *floor));
  out.coroutine.add(*coroutine);
  out.coroutine_ratio.add(ratio(*coroutine, *floor));
  out.to_plain.add(ratio(*coroutine, *plain));
  return {};
}

std::vector<Point> points(const Options& options) {
  const auto cpus = static_cast<unsigned>(options.placement.all.size());
  const unsigned most = std::min(options.max_threads ? options.max_threads : cpus, kMaxBareChannels);
  std::vector<Point> out;
  for (unsigned threads = 1; threads <= most; threads = threads < most && threads * 2 > most ? most : threads * 2) {
    for (unsigned depth : kDepths) out.push_back({threads, depth});
  }
  return out;
}

Row row_of(const Point& at, const char* handler, const Figure& rate, const Figure& floor, const Figure& to_floor) {
  return {{"threads", at.threads},
          {"depth", at.depth},
          {"handler", handler},
          {"ops_per_s", rounded(rate.median())},
          {"floor_ops_per_s", rounded(floor.median())},
          {"ratio", rounded(to_floor.median())},
          {"spread", rounded(rate.spread())}};
}

Report report_of(const std::map<Point, ThroughputFigures>& found) {
  Report report;
  for (const auto& [at, figures] : found) {
    report.rows.push_back(row_of(at, "plain", figures.plain, figures.floor, figures.plain_ratio));
    report.rows.push_back(row_of(at, "coroutine", figures.coroutine, figures.floor, figures.coroutine_ratio));
  }
  const ThroughputFigures& target = found.at({1, kTargetDepth});
  report.targets = {{"null calls a second at depth 64, one client thread", target.plain.median(), 10e6, false},
                    {"coroutine handler / plain one, at depth 64", target.to_plain.median(), 0.6, false}};
  return report;
}

}  // namespace

Result<Report> run_throughput(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message", options.workers);
  if (!pool.ok()) return pool.error();
  std::map<Point, ThroughputFigures> found;
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    for (const Point& at : points(options)) {
      Status goes_on = check_interrupt();
      if (!goes_on.ok()) return std::move(goes_on).error();
      Status measured = measure(**stage, *pool, at, options, found[at]);
      if (!measured.ok()) return std::move(measured).error();
    }
  }
  return report_of(found);
}

}  // namespace chi::bench
