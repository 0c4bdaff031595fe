// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Asks the policies who runs what, where, and has it done: on a period while there is work, on events, and when told.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/config.h"
#include "runtime/cpu_load.h"
#include "runtime/cpu_watch.h"
#include "runtime/lane_mover.h"
#include "runtime/load_reader.h"
#include "runtime/policy.h"

namespace chi::runtime {

// Used by the control thread alone.
class Orchestrator {
 public:
  struct Parts {
    Crew& crew;
    PoolKeeper& keeper;
    ModuleShelf& shelf;
    const CpuWatch& cpus;
    Clock& clock;
    Logger& log;
  };
  Orchestrator(const Parts& parts, const Config::Worch& config);

  // The configured policies. One whose module is not to be had is left out, and logged: pools are then where they were
  // made.
  void start();

  // See admin.h.
  Status set(const std::string& kind, const std::string& module);
  Status run(const std::string& kind);
  admin::WorchReply show() const;
  std::vector<admin::PolicyInfo> policies() const;
  std::uint64_t moves_refused() const noexcept { return moves_refused_; }

  // Something has changed. Refusals are logged and counted.
  void event(const std::string& reason);

  // The number of active workers has changed. Afterwards no lane is with another worker, but for those whose code
  // holds a thread just now: they follow when they can.
  void workers_changed();

  // What is due by time. Gives when to look again.
  std::chrono::nanoseconds tick();

 private:
  struct LaneOrder {
    std::uint32_t worker;
    std::string why;
  };

  struct Activity {  // of all workers, as of some moment
    std::uint64_t tasks = 0;
    std::uint64_t at_ns = 0;
    std::vector<std::uint64_t> busy_ns;
  };

  Result<Policy*> policy_of(const std::string& kind);
  worch::View look(const std::string& reason);
  Status ask_queue(const std::string& module, const worch::View& view);
  Status ask_proc(const std::string& module, const worch::View& view);
  Status round(Policy& policy, const worch::View& view);
  void take(const worch::View& view, const worch::LaneAssignment& answer);
  void take(const worch::CpuAssignment& answer);
  void unbind();
  void move(const std::vector<LaneMover::Order>& orders);
  void evacuate();
  std::string why_there(const Container& container) const;
  Activity activity() const;
  bool is_idle(const Activity& now) const;
  bool is_unbalanced(const Activity& now) const;

  const Parts parts_;
  const Config::Worch config_;
  LoadReader reader_;
  CpuLoad cpu_load_;
  LaneMover mover_;
  Policy queue_;
  Policy proc_;
  std::map<std::pair<PoolId, std::uint32_t>, LaneOrder> why_lane_;
  CpuList known_allowed_;  // and what is known of them: asking the machine takes milliseconds
  std::vector<worch::CpuView> known_cpus_;
  std::map<std::uint32_t, std::string> why_worker_;
  std::uint64_t moves_refused_ = 0;
  Activity looked_at_;
  std::uint64_t next_queue_ns_ = 0;
  std::uint64_t next_proc_ns_ = 0;
  std::uint64_t own_tasks_ = 0;  // questions asked since the last look
};

}  // namespace chi::runtime
