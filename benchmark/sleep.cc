// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `sleep`: the first call after a pause in which both sides fell asleep. The floor is woken after the same pause, by a
// futex and by an eventfd, and wakes this side by a futex.
#include <thread>

#include "benchmark/calls.h"
#include "benchmark/stage.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

constexpr auto kPause = std::chrono::milliseconds(2);  // both sides spin for 50 us at most, unless told otherwise

struct Figures {
  Figure p50, p99, futex, eventfd, to_futex, to_eventfd;
};

// Pauses, then times one operation, for as long as the slice lasts. False when one failed.
template <class Operation>
bool time_after_pauses(Samples& samples, nanoseconds slice, Operation&& operation) {
  samples.clear();
  const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(slice.count());
  while (now_ns() < end && !samples.full()) {
    std::this_thread::sleep_for(kPause);
    const std::uint64_t begin = now_ns();
    if (!operation()) return false;
    samples.add(now_ns() - begin);
  }
  return true;
}

Result<double> floor_p50(FloorPartner& floor, FloorPartner::Wake wake, Samples& samples, nanoseconds slice) {
  floor.sleep_on(wake);
  const bool woken = time_after_pauses(samples, slice, [&floor] { return floor.wake_up(); });
  floor.rest();
  if (!woken) return Error{Code::deadline_exceeded, "the floor's partner does not wake up", "bench"};
  return samples.percentile(0.5);
}

Status measure(Stage& stage, const Pool& pool, const Options& options, Figures& out) {
  const nanoseconds slice = 2 * options.slice();
  Samples samples(10'000);
  FirstFailure failure;
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
    const Result<double> futex = floor_p50(stage.floor(), FloorPartner::Wake::futex, samples, slice);
    if (!futex.ok()) return futex.error();
    const Result<double> eventfd = floor_p50(stage.floor(), FloorPartner::Wake::eventfd, samples, slice);
    if (!eventfd.ok()) return eventfd.error();
    const auto call = [&] { return failure.check(pool.call<small_message::Null>().get()); };
    if (!time_after_pauses(samples, slice, call)) return failure.status();
    out.p50.add(samples.percentile(0.5));
    out.p99.add(samples.percentile(0.99));
    out.futex.add(*futex);
    out.eventfd.add(*eventfd);
    out.to_futex.add(ratio(samples.percentile(0.5), *futex));
    out.to_eventfd.add(ratio(samples.percentile(0.5), *eventfd));
  }
  return {};
}

}  // namespace

Result<Report> run_sleep(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message");
  if (!pool.ok()) return pool.error();
  Figures found;
  Status measured = measure(**stage, *pool, options, found);
  if (!measured.ok()) return std::move(measured).error();

  Report report;
  report.single = true;
  report.rows = {{{"workload", "sleep"},
                  {"p50_ns", rounded(found.p50.median())},
                  {"p99_ns", rounded(found.p99.median())},
                  {"floor_futex_p50_ns", rounded(found.futex.median())},
                  {"floor_eventfd_p50_ns", rounded(found.eventfd.median())},
                  {"ratio_futex", rounded(found.to_futex.median())},
                  {"ratio_eventfd", rounded(found.to_eventfd.median())},
                  {"spread_p50", rounded(found.p50.spread())}}};
  report.targets = {{"first call after sleep / wake-up by eventfd", found.to_eventfd.median(), 1.3, true}};
  return report;
}

}  // namespace chi::bench
