// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements simulation.h.
#include "sim/simulation.h"

#include <chimaera/test_kit.h>
#include <chimaera/worch.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "runtime/assignment.h"
#include "runtime/module_shelf.h"
#include "sim/queueing.h"

namespace chi::sim {

namespace {

constexpr char kPool[] = "policy";

double imbalance(const std::vector<std::uint64_t>& work_ns) {
  const auto sum = static_cast<double>(std::accumulate(work_ns.begin(), work_ns.end(), std::uint64_t{0}));
  const auto most = static_cast<double>(*std::max_element(work_ns.begin(), work_ns.end()));
  return sum == 0 ? 1 : most * static_cast<double>(work_ns.size()) / sum;
}

class Run {
 public:
  Run(TestNode node, TestPool policy, Load& load, const SimulationOptions& options, SimulationReport& report)
      : node_(std::move(node)),
        policy_(std::move(policy)),
        load_(load),
        options_(options),
        queueing_(options.workers, load.lanes(), options.pause_ns),
        report_(report) {}

  void run() {
    ask();
    while (queueing_.now_ns() < options_.end_ns) {
      const std::uint64_t step = std::min(options_.period_ns, options_.end_ns - queueing_.now_ns());
      queueing_.advance(load_, queueing_.now_ns() + step);
      node_.advance(std::chrono::nanoseconds(step));
      const bool last = queueing_.now_ns() == options_.end_ns;
      if (!last) ask();
      if (last || queueing_.now_ns() - row_.begin_ns >= options_.row_ns) end_row();
    }
    sum_up();
  }

 private:
  void ask() {
    worch::AssignLanes request{queueing_.take_view()};
    const Result<worch::LaneAssignment> answer = policy_.send(request).get();
    Status good = answer.ok() ? runtime::check_assignment(request.view, *answer) : Status(answer.error());
    if (!good) {
      if (report_.refused++ == 0) report_.refusal = good.error().to_string();
      return;
    }
    for (const worch::LanePlace& place : answer->lanes) {
      if (request.view.lanes[place.container].worker == place.worker) continue;
      queueing_.move(place.container, place.worker);
      ++row_.moved;
    }
    report_.last_words = answer->why;
  }

  void end_row() {
    const Queueing::Taken taken = queueing_.take();
    row_.end_ns = queueing_.now_ns();
    row_.imbalance = imbalance(taken.work_ns);
    row_.begun = taken.waits.count();
    row_.p50_ns = taken.waits.percentile_ns(0.5);
    row_.p99_ns = taken.waits.percentile_ns(0.99);
    row_.queued = queueing_.queued();
    waits_.add(taken.waits);
    report_.rows.push_back(row_);
    row_ = {};
    row_.begin_ns = queueing_.now_ns();
  }

  void sum_up() {
    SimulationRow& all = report_.all;
    all.imbalance = 0;
    for (const SimulationRow& row : report_.rows) {
      all.imbalance += row.imbalance / static_cast<double>(report_.rows.size());
      all.moved += row.moved;
    }
    all.end_ns = queueing_.now_ns();
    all.begun = waits_.count();
    all.p50_ns = waits_.percentile_ns(0.5);
    all.p99_ns = waits_.percentile_ns(0.99);
    all.queued = queueing_.queued();
    report_.done = queueing_.done();
  }

  TestNode node_;
  TestPool policy_;
  Load& load_;
  const SimulationOptions& options_;
  Queueing queueing_;
  SimulationReport& report_;
  SimulationRow row_;
  WaitHistogram waits_;
};

// Looked at before a container of it is made: a module that is no policy may do anything when it is opened.
Status is_policy(const runtime::Module& module) {
  const chi_method* method = module.method(worch::AssignLanes::kMethod.id);
  if (method && method->name == worch::AssignLanes::kMethod.name) return {};
  return {Code::invalid_argument,
          fmt::format("module '{}' has no method '{}': policies that give lanes to workers are modules named "
                      "worch_queue_*",
                      module.name(), worch::AssignLanes::kMethod.name)};
}

}  // namespace

Result<SimulationReport> simulate(const std::string& policy, Load& load, const SimulationOptions& options) {
  runtime::ModuleShelf shelf(
      runtime::ModuleRepo(runtime::module_search_path(options.module_paths, {}, std::getenv("CHIMAERA_MODULE_PATH"))));
  const auto module = shelf.get(policy);
  if (!module.ok()) return module.error();
  if (Status good = is_policy(**module); !good) return std::move(good).error();
  auto node = TestNode::start({.module_paths = options.module_paths});
  if (!node.ok()) return node.error();
  auto pool = node->create_pool(kPool, {.module = policy});
  if (!pool.ok()) return pool.error();
  SimulationReport report;
  report.policy = policy;
  report.version = (*module)->version();
  Run(*std::move(node), *std::move(pool), load, options, report).run();
  return report;
}

}  // namespace chi::sim
