// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `sleep`: the first call after a pause in which both sides fell asleep. The floor is woken after the same pause, by a
// futex and by an eventfd, and wakes this side by a futex. An ordinary client spins for a while when it waits for the
// answer, and need not be woken; one that never spins is, as the floor's is.
#include <thread>

#include "benchmark/calls.h"
#include "benchmark/stage.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

constexpr auto kPause = std::chrono::milliseconds(2);  // both sides spin for 50 us at most, unless told otherwise

struct SleepFigures {
  Figure p50, p99, to_futex, to_eventfd;
};

struct Found {
  Figure futex, eventfd;
  SleepFigures ordinary, without_spin;
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

struct Floors {
  double futex = 0;
  double eventfd = 0;
};

Status time_calls(const Pool& pool, nanoseconds slice, Samples& samples, const Floors& floors, SleepFigures& out) {
  FirstFailure failure;
  const auto call = [&] { return failure.check(pool.call<small_message::Null>().get()); };
  if (!time_after_pauses(samples, slice, call)) return failure.status();
  const double p50 = samples.percentile(0.5);
  out.p50.add(p50);
  out.p99.add(samples.percentile(0.99));
  out.to_futex.add(ratio(p50, floors.futex));
  out.to_eventfd.add(ratio(p50, floors.eventfd));
  return {};
}

Status measure(Stage& stage, const Pool& ordinary, const Pool& without_spin, const Options& options, Found& out) {
  const nanoseconds slice = 2 * options.slice();
  Samples samples(10'000);
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
    const Result<double> futex = floor_p50(stage.floor(), FloorPartner::Wake::futex, samples, slice);
    if (!futex.ok()) return futex.error();
    const Result<double> eventfd = floor_p50(stage.floor(), FloorPartner::Wake::eventfd, samples, slice);
    if (!eventfd.ok()) return eventfd.error();
    out.futex.add(*futex);
    out.eventfd.add(*eventfd);
    Status timed = time_calls(ordinary, slice, samples, {*futex, *eventfd}, out.ordinary);
    if (timed.ok()) timed = time_calls(without_spin, slice, samples, {*futex, *eventfd}, out.without_spin);
    if (!timed.ok()) return timed;
  }
  return {};
}

Row row_of(const char* client, const SleepFigures& figures, const Found& found) {
  return {{"workload", "sleep"},
          {"client", client},
          {"p50_ns", rounded(figures.p50.median())},
          {"p99_ns", rounded(figures.p99.median())},
          {"floor_futex_p50_ns", rounded(found.futex.median())},
          {"floor_eventfd_p50_ns", rounded(found.eventfd.median())},
          {"ratio_futex", rounded(figures.to_futex.median())},
          {"ratio_eventfd", rounded(figures.to_eventfd.median())},
          {"spread_p50", rounded(figures.p50.spread())}};
}

}  // namespace

Result<Report> run_sleep(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message");
  if (!pool.ok()) return pool.error();
  ConnectOptions sleepy;
  sleepy.spin = nanoseconds(0);
  const Result<Client> client = (*stage)->connect(sleepy);
  if (!client.ok()) return client.error();
  Found found;
  Status measured = measure(**stage, *pool, client->pool(pool->name()), options, found);
  if (!measured.ok()) return std::move(measured).error();

  Report report;
  report.single = true;
  report.rows = {row_of("spins", found.ordinary, found), row_of("sleeps", found.without_spin, found)};
  report.targets = {
      {"first call after sleep / wake-up by eventfd", found.ordinary.to_eventfd.median(), 1.3, true},
      {"the same, the client asleep again until the answer", found.without_spin.to_eventfd.median(), 1.3, true}};
  return report;
}

}  // namespace chi::bench
