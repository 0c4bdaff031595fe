// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a node tells Prometheus: read when it is asked, so that nothing is spent between. docs/operations.md has the
// list. Series are by worker, pool, method and policy, never by container or session, of which there may be thousands.
#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "metrics/families.h"
#include "runtime/administration.h"
#include "runtime/control_report.h"

namespace chi::runtime {

// Used by one thread, while the node serves.
class NodeMetrics final : public prometheus::Collectable {
 public:
  struct Parts {
    Crew& crew;
    const Listener& listener;
    const ModuleShelf& shelf;
    const PoolKeeper& keeper;
    const Orchestrator& orchestrator;
    Administration& administration;
    std::string name;
    std::uint64_t incarnation;
  };
  explicit NodeMetrics(Parts parts) : parts_(std::move(parts)) {}

  // What the control thread knows is left out when that is busy for longer than half a second; chimaera_control_up
  // says so.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // One question to the control thread at a time, however often metrics are fetched while it is busy.
  struct Question {
    std::mutex mutex;
    std::condition_variable answered;
    bool pending = false;
    std::optional<ControlReport> answer;
  };
  std::optional<ControlReport> ask() const;

  void add_node(metrics::Families& families) const;
  void add_sessions(metrics::Families& families) const;
  void add_workers(metrics::Families& families) const;
  void add_moves(metrics::Families& families) const;
  void add_methods(metrics::Families& families) const;

  const Parts parts_;
  const std::shared_ptr<Question> question_ = std::make_shared<Question>();
};

}  // namespace chi::runtime
