// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements isolation.h. The long calls come from the thread that makes the small ones: they are not waited for.
#include "benchmark/isolation.h"

#include <sched.h>

#include <algorithm>

#include "benchmark/open_loop.h"
#include "benchmark/policy_node.h"

namespace chi::bench {
namespace {

constexpr Mix kSmallCalls{.containers = 15, .busy = 0.2, .long_part = 0};
constexpr std::uint32_t kLongContainer = kSmallCalls.containers;  // behind those of the small calls
constexpr std::uint32_t kLongUs = 100'000;
constexpr std::uint64_t kLongEveryNs = 110'000'000;

std::vector<Arrival> with_long_calls(std::vector<Arrival> arrivals, nanoseconds length) {
  const auto end_ns = static_cast<std::uint64_t>(length.count());
  for (std::uint64_t at = 0; at < end_ns; at += kLongEveryNs) arrivals.push_back({at, kLongContainer, kLongUs});
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const Arrival& a, const Arrival& b) { return a.due_ns < b.due_ns; });
  return arrivals;
}

// The thread that makes it has a CPU whenever it wants one: what the client would wait for one is not the daemon's.
class Precedence {
 public:
  Precedence() {
    const sched_param lowest{::sched_get_priority_min(SCHED_FIFO)};
    had_ = ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0;
  }
  ~Precedence() {
    const sched_param none{};
    if (had_) (void)::sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none);
  }
  Precedence(const Precedence&) = delete;
  Precedence& operator=(const Precedence&) = delete;

  bool had() const noexcept { return had_; }

 private:
  bool had_ = false;
};

struct Latencies {
  Figure p50, p99;

  void add(Samples& samples) {
    p50.add(samples.percentile(0.5));
    p99.add(samples.percentile(0.99));
  }
};

}  // namespace

Status measure_isolation(const Options& options, Report& report) {
  Result<PolicyNode> node = PolicyNode::start(options, kSmallCalls.workers, kSmallCalls.containers + 1);
  if (!node.ok()) return std::move(node).error();
  Status used = node->use(kLeastLoaded);
  if (!used.ok()) return used;
  const auto bound = node->client().admin().call<admin::WorchSet>("proc", "worch_proc_round_robin").get();
  if (!bound.ok()) return bound.error();
  const Precedence precedence;
  if (!precedence.had()) {
    report.notes.emplace_back(
        "beside_100_ms: without the right to real-time priority (ulimit -r 1) the client's thread waits for a CPU, "
        "too");
  }
  OpenLoop loop(node->client(), node->pool(), kSmallCalls.containers + 1);
  const nanoseconds length = 20 * options.slice();
  Latencies alone;
  Latencies beside;
  Figure ratio_p99;
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    const std::vector<Arrival> small = draw_arrivals(kSmallCalls, length, repeat);
    Status ran = loop.run(small, length / 4, length);
    if (!ran.ok()) return ran;
    alone.add(loop.all());
    ran = loop.run(with_long_calls(small, length), length / 4, length);
    if (!ran.ok()) return ran;
    beside.add(loop.small());
    ratio_p99.add(ratio(beside.p99.last(), alone.p99.last()));
  }
  const Result<admin::WorchReply> found = node->show();
  if (!found.ok()) return found.error();
  report.beside.emplace_back("beside_100_ms", Row{{"alone_p50_ns", rounded(alone.p50.median())},
                                                  {"alone_p99_ns", rounded(alone.p99.median())},
                                                  {"p50_ns", rounded(beside.p50.median())},
                                                  {"p99_ns", rounded(beside.p99.median())},
                                                  {"ratio_p99", rounded(ratio_p99.median())},
                                                  {"moves", found->moves}});
  return {};
}

}  // namespace chi::bench
