// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The node's control: a thread that does what the admin module asks for, one thing after the other.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "chimaera/admin.h"
#include "runtime/control.h"
#include "runtime/listener.h"
#include "runtime/module_shelf.h"
#include "runtime/orchestrator.h"
#include "runtime/pool_keeper.h"
#include "runtime/tracer.h"
#include "runtime/workforce.h"

namespace chi::runtime {

// submit() is for any thread, also before open() and after close(); the rest for the node's.
class Administration final : public Control {
 public:
  struct Parts {
    Crew& crew;
    Listener& listener;
    ModuleShelf& shelf;
    PoolKeeper& keeper;
    Workforce& workforce;
    Orchestrator& orchestrator;
    Clock& clock;
    Logger& log;
    std::string name;
    std::uint64_t incarnation;
    std::function<void(std::uint32_t grace_ms)> stop;  // asks the node to end
  };

  Administration() = default;
  ~Administration() override;

  void submit(ControlCall* call) override;

  // Has the control thread call it, unless that has ended. From any thread.
  void post(std::function<void()> job);

  Status open(Parts parts);
  // What is not begun is answered with unavailable.
  void close();

 private:
  void serve();
  void handle(ControlCall& call);
  template <class Req>
  void handle_as(ControlCall& call);
  template <class... Requests>
  bool handle_one_of(ControlCall& call);

  Result<admin::PoolInfo> on(const admin::PoolCreate& request, const ControlCall& call);
  Result<admin::Nothing> on(const admin::PoolDestroy& request, const ControlCall& call);
  Result<admin::PoolListReply> on(const admin::PoolList& request, const ControlCall& call);
  Result<admin::PoolDescription> on(const admin::PoolDescribe& request, const ControlCall& call);
  Result<admin::PoolInfo> on(const admin::PoolFind& request, const ControlCall& call);
  Result<admin::ModuleListReply> on(const admin::ModuleList& request, const ControlCall& call);
  Result<admin::ModuleDescription> on(const admin::ModuleDescribe& request, const ControlCall& call);
  Result<admin::ModuleInfo> on(const admin::ModuleLoad& request, const ControlCall& call);
  Result<admin::StatusReply> on(const admin::GetStatus& request, const ControlCall& call);
  Result<admin::Nothing> on(const admin::Stop& request, const ControlCall& call);
  Result<admin::WorkersReply> on(const admin::WorkersSet& request, const ControlCall& call);
  Result<admin::WorchReply> on(const admin::WorchShow& request, const ControlCall& call);
  Result<admin::WorchReply> on(const admin::WorchSet& request, const ControlCall& call);
  Result<admin::WorchReply> on(const admin::WorchRun& request, const ControlCall& call);
  Result<admin::TraceStartReply> on(const admin::TraceStart& request, const ControlCall& call);
  Result<admin::TraceStopReply> on(const admin::TraceStop& request, const ControlCall& call);
  Result<admin::TraceReadReply> on(const admin::TraceRead& request, const ControlCall& call);
  Result<admin::LanesReply> on(const admin::Lanes& request, const ControlCall& call);
  Result<admin::MethodsReply> on(const admin::Methods& request, const ControlCall& call);

  Result<std::shared_ptr<Pool>> pool_named(const std::string& name) const;
  admin::ModuleInfo info_of(const Module& module) const;
  std::uint32_t pools_of(const Module& module) const;
  std::vector<admin::ModuleUse> uses_of(const Module& module) const;
  std::uint64_t until(const ControlCall& call) const;

  std::unique_ptr<Parts> parts_;
  std::unique_ptr<Tracer> tracer_;
  std::uint64_t started_ns_ = 0;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<ControlCall*> calls_;
  std::deque<std::function<void()>> jobs_;
  bool open_ = false;
  std::thread thread_;
};

}  // namespace chi::runtime
