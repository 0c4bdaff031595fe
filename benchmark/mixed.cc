// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `mixed`: small tasks and some long ones at 16 containers, two workers, and each policy that places lanes in turn. All
// policies get the same calls at the same times; where two of them differ it is by who runs what.
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>

#include "benchmark/arrivals.h"
#include "benchmark/isolation.h"
#include "benchmark/keys.h"
#include "benchmark/lane_moves.h"
#include "benchmark/open_loop.h"
#include "benchmark/policy_node.h"
#include "sim/plot.h"

namespace chi::bench {
namespace {

// Round robin's popular worker has 0.8 of the skewed calls to do, which is to be as much as it can do, not more.
constexpr double kBusy = 0.58;

// Of which latencies the picture is made.
constexpr std::array kShares = {0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999};

struct PolicyFigures {
  Figure p50, p99, p999, small_p99, rate, moves, ratio_p99, ratio_rate, machine_load;
  std::array<Figure, kShares.size()> at_share;

  void add(OpenLoop& loop) {
    p50.add(loop.all().percentile(0.5));
    p99.add(loop.all().percentile(0.99));
    p999.add(loop.all().percentile(0.999));
    small_p99.add(loop.small().percentile(0.99));
    for (std::size_t i = 0; i < kShares.size(); ++i) at_share[i].add(loop.all().percentile(kShares[i]));
    rate.add(loop.ops_per_s());
    double load = 0;
    machine_load.add(::getloadavg(&load, 1) == 1 ? load : 0);
  }
  void compare(const PolicyFigures& with) {
    ratio_p99.add(ratio(p99.last(), with.p99.last()));
    ratio_rate.add(ratio(rate.last(), with.rate.last()));
  }
  Row row(const std::string& policy, bool skewed) const {
    return {{"policy", policy},
            {"load", skewed ? "skewed" : "uniform"},
            {"p50_ns", rounded(p50.median())},
            {"p99_ns", rounded(p99.median())},
            {"p999_ns", rounded(p999.median())},
            {"small_p99_ns", rounded(small_p99.median())},
            {"ops_per_s", rounded(rate.median())},
            {"ratio_p99", rounded(ratio_p99.median())},
            {"spread_p99", rounded(p99.spread())},
            {"moves", moves.median()},
            {"machine_load", rounded(machine_load.median())}};
  }
};

struct Times {
  nanoseconds warm_up;  // in which a policy learns what the load is
  nanoseconds length;   // with the warm-up
};

class Comparison {
 public:
  Comparison(const PolicyNode& node, const Options& options)
      : node_(node),
        times_{15 * options.slice(), 55 * options.slice()},
        loop_(node.client(), node.pool(), Mix{}.containers) {}

  Status run(const std::vector<std::string>& policies, bool skewed, unsigned repeat);
  PolicyFigures& found(const std::string& policy, bool skewed) { return found_[{policy, skewed}]; }

 private:
  Status run(const std::string& policy, const std::vector<Arrival>& arrivals, PolicyFigures& out);

  const PolicyNode& node_;
  const Times times_;
  OpenLoop loop_;
  std::map<std::pair<std::string, bool>, PolicyFigures> found_;
};

Status Comparison::run(const std::vector<std::string>& policies, bool skewed, unsigned repeat) {
  const Mix mix{.skewed = skewed, .busy = kBusy};
  const std::vector<Arrival> arrivals = draw_arrivals(mix, times_.length, 2 * repeat + (skewed ? 1 : 0));
  for (const std::string& policy : policies) {
    Status ran = run(policy, arrivals, found(policy, skewed));
    if (!ran.ok()) return ran;
  }
  for (const std::string& policy : policies) found(policy, skewed).compare(found(kRoundRobin, skewed));
  return {};
}

Status Comparison::run(const std::string& policy, const std::vector<Arrival>& arrivals, PolicyFigures& out) {
  Status used = node_.use(policy);
  if (!used.ok()) return used;
  const auto before = node_.show();
  if (!before.ok()) return before.error();
  Status ran = loop_.run(arrivals, times_.warm_up, times_.length);
  if (!ran.ok()) return ran;
  const auto after = node_.show();
  if (!after.ok()) return after.error();
  out.moves.add(static_cast<double>(after->moves - before->moves));
  out.add(loop_);
  return {};
}

void add_targets(Comparison& comparison, Report& report) {
  PolicyFigures& skewed = comparison.found(kLeastLoaded, true);
  if (skewed.p99.empty()) {
    report.notes.emplace_back("without worch_queue_least_loaded, there are no targets");
    return;
  }
  const double better = ratio(1, skewed.ratio_p99.median());
  const double uniform = comparison.found(kLeastLoaded, false).ratio_p99.median();
  report.targets = {{"skewed: p99 with round_robin / with least_loaded", better, 2, false},
                    {"skewed: calls/s with least_loaded / with round_robin", skewed.ratio_rate.median(), 0.95, false},
                    {"uniform: p99 with least_loaded / with round_robin", uniform, 1.05, true}};
}

void add_notes(const Options& options, Report& report) {
  const Mix mix{.skewed = true, .busy = kBusy};
  const std::vector<double> parts = parts_of_containers(mix);
  double most = 0;
  for (std::uint32_t i = 0; i < mix.containers; i += mix.workers) most += parts[i];
  report.notes.push_back(
      fmt::format("2 workers, 16 containers; tasks of {} us, and {:.0f} % of {} ms; {:.0f} % of the workers' time; "
                  "latency from when a call was due",
                  mix.small_us, 100 * mix.long_part, mix.long_us / 1000, 100 * kBusy));
  report.notes.push_back(
      fmt::format("skewed: Zipf {}, popular containers have even numbers: {:.0f} % of the calls are for the worker to "
                  "which round robin gives those, {:.0f} % of its time",
                  kZipfExponent, 100 * most, 100 * most * mix.workers * kBusy));
  report.notes.emplace_back("moving: small tasks alone, half of the lanes moved there and back all the time");
  report.notes.emplace_back("beside_100_ms: small tasks alone, and beside one lane whose handlers take 100 ms each");
  if (options.placement.all.size() < mix.workers) {
    report.notes.emplace_back("with fewer CPUs than workers, these figures do not tell policies apart");
  }
}

// Latency by the share of calls that take no longer, which is drawn by its nines: 90 % at 1, 99 % at 2.
std::string picture_of(Comparison& comparison, const std::vector<std::string>& policies) {
  std::vector<sim::Panel> panels;
  for (const bool skewed : {true, false}) {
    sim::Panel& panel = panels.emplace_back();
    panel.title = std::string(skewed ? "skewed" : "uniform") + ": latency in ms, by share of the calls";
    panel.logarithmic = true;
    for (const std::string& policy : policies) {
      sim::Curve& curve = panel.curves.emplace_back();
      curve.name = policy;
      const PolicyFigures& figures = comparison.found(policy, skewed);
      for (std::size_t i = 0; i < kShares.size(); ++i) {
        curve.points.emplace_back(-std::log10(1 - kShares[i]), figures.at_share[i].median() / 1e6);
      }
    }
  }
  return sim::plot_svg("chimaera bench mixed: 16 containers, 2 workers, 10 % of the tasks take 5 ms", panels,
                       {{0, "0 %"}, {-std::log10(0.5), "50 %"}, {1, "90 %"}, {2, "99 %"}, {3, "99.9 %"}});
}

Status compare_policies(const Options& options, Report& report) {
  Result<PolicyNode> node = PolicyNode::start(options, Mix{}.workers, Mix{}.containers);
  if (!node.ok()) return std::move(node).error();
  const Result<std::vector<std::string>> policies = node->policies();
  if (!policies.ok()) return policies.error();
  Comparison comparison(*node, options);
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    for (const bool skewed : {true, false}) {
      Status ran = comparison.run(*policies, skewed, repeat);
      if (!ran.ok()) return ran;
    }
  }
  for (const bool skewed : {true, false}) {
    for (const std::string& policy : *policies)
      report.rows.push_back(comparison.found(policy, skewed).row(policy, skewed));
  }
  add_targets(comparison, report);
  report.picture = picture_of(comparison, *policies);
  const double wanted = calls_per_s({.busy = kBusy});
  const double reached = comparison.found(kRoundRobin, false).rate.median();
  if (reached < 0.9 * wanted) {
    report.notes.push_back(fmt::format(
        "THE MACHINE WAS TOO BUSY: of {:.0f} calls/s that were due with the uniform load, {:.0f} were answered in "
        "time, and so latencies grew as long as the run lasted, whatever the policy",
        wanted, reached));
  }
  return {};
}

}  // namespace

Result<Report> run_mixed(const Options& options) {
  Report report;
  Status compared = compare_policies(options, report);
  if (!compared.ok()) return std::move(compared).error();
  Status moved = measure_lane_moves(options, report);
  if (!moved.ok()) return std::move(moved).error();
  Status isolated = measure_isolation(options, report);
  if (!isolated.ok()) return std::move(isolated).error();
  add_notes(options, report);
  return report;
}

}  // namespace chi::bench
