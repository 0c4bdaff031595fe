// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A daemon of its own: what it counts of pauses is since its start, and is to have no long tasks in it.
#include "benchmark/lane_moves.h"

#include <atomic>
#include <thread>

#include "benchmark/open_loop.h"
#include "benchmark/policy_node.h"

namespace chi::bench {
namespace {

using std::chrono::milliseconds;

constexpr Mix kMix{.busy = 0.2, .small_us = 50, .long_part = 0};
constexpr milliseconds kBetween(2);  // moves: lanes do work where they are

// By a thread of its own, as long as it lives.
class Mover {
 public:
  explicit Mover(const Client& client) : thread_([this, client] { run(client); }) {}
  ~Mover() { (void)stop(); }
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;

  // Gives the first failure.
  Status stop() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  void run(const Client& client) {
    for (std::uint32_t workers = 1; !ended_; workers = kMix.workers + 1 - workers) {
      const auto done = client.admin().call<admin::WorkersSet>(workers, false).get();
      // A lane that has a task on its way just now stays, and moves the next time.
      if (!done.ok() && done.code() != Code::failed_precondition) status_ = done.error();
      if (!status_.ok()) return;
      std::this_thread::sleep_for(kBetween);
    }
  }

  std::atomic<bool> ended_{false};
  Status status_;
  std::thread thread_;
};

}  // namespace

Status measure_lane_moves(const Options& options, Report& report) {
  Result<PolicyNode> node = PolicyNode::start(options, kMix.workers, kMix.containers);
  if (!node.ok()) return std::move(node).error();
  Status used = node->use(kRoundRobin);
  if (!used.ok()) return used;
  OpenLoop loop(node->client(), node->pool(), kMix.containers);
  Mover mover(node->client());
  const nanoseconds length = 40 * options.slice();
  Status ran = loop.run(draw_arrivals(kMix, length, 1), length / 20, length);
  Status moved = mover.stop();
  if (!ran.ok() || !moved.ok()) return ran.ok() ? moved : ran;
  const Result<admin::WorchReply> found = node->show();
  if (!found.ok()) return found.error();
  report.beside.emplace_back("moving", Row{{"p50_ns", loop.all().percentile(0.5)},
                                           {"p99_ns", loop.all().percentile(0.99)},
                                           {"p999_ns", loop.all().percentile(0.999)},
                                           {"ops_per_s", rounded(loop.ops_per_s())},
                                           {"moves", found->moves},
                                           {"moves_refused", found->moves_refused},
                                           {"pause_p50_ns", found->pause_p50_ns},
                                           {"pause_p99_ns", found->pause_p99_ns}});
  report.targets.push_back(
      {"us that a lane that moves stands still, p99", static_cast<double>(found->pause_p99_ns) / 1e3, 200, true});
  return {};
}

}  // namespace chi::bench
