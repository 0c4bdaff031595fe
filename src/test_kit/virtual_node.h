// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers without threads: one thread runs them, in an order that a seed decides, and time moves only when it is told
// to. The workers, and all that they do, are the daemon's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "runtime/lane_map.h"
#include "runtime/services.h"
#include "runtime/worker.h"
#include "test_kit/virtual_reactor.h"

namespace chi::test_kit {

class VirtualNode {
 public:
  static constexpr std::uint64_t kStartNs = 1'000'000'000;

  // `log` outlives the node. Throws BadResult when there is no memory for the lane map.
  VirtualNode(std::uint64_t seed, std::uint32_t workers, Logger& log, const VirtualReactor::Fault& io_fault = {});
  ~VirtualNode();
  VirtualNode(const VirtualNode&) = delete;
  VirtualNode& operator=(const VirtualNode&) = delete;

  std::size_t size() const noexcept { return workers_.size(); }
  runtime::Worker& worker(std::size_t index) noexcept { return *workers_[index]; }
  runtime::LaneMapPublisher& lanes() noexcept { return *lanes_; }
  Random& random() noexcept { return random_; }
  std::uint64_t now_ns() const noexcept { return clock_.now_ns(); }

  // Makes the calling thread that of a worker: before anything that is for the worker's thread.
  runtime::Worker& enter(std::size_t index) noexcept;

  // Runs code of a container's module as a step of its worker.
  template <class F>
  void run_module_code(runtime::Container& container, F&& code) {
    enter(container.worker().index());
    runtime::Driver& driver = *drivers_[container.worker().index()];
    driver.enter(&container, nullptr);
    code();
    driver.leave();
  }

  // One turn of a worker of the seed's choice; whether it had something to do.
  bool turn();

  // Moves the time, and nothing else.
  void pass(std::uint64_t by_ns) noexcept { clock_.advance(by_ns); }

  // Turns until no worker has anything left to do at this time. False when they do not come to rest.
  bool settle();

  // When the next timer is due, as of the last settle(); nothing: there is none.
  std::optional<std::uint64_t> next_timer_ns() const noexcept { return next_ns_; }

  // Adds container `index` of `count` to a pool, made with these services and configuration, on the worker that its
  // index gives. Fails with what the module says.
  Status add_container(runtime::Pool& pool, std::uint32_t index, std::uint32_t count, const chi_services& services,
                       const chi_message& config);

 private:
  class NoControl final : public runtime::Control {
   public:
    void submit(runtime::ControlCall* call) override { call->settle(Code::unavailable, {}); }
  };

  bool rests(std::size_t index, std::optional<std::uint64_t>& next);

  ManualClock clock_{kStartNs};
  SeededRandom random_;
  Logger& log_;
  NoControl control_;
  std::unique_ptr<runtime::LaneMapPublisher> lanes_;
  std::vector<std::unique_ptr<Random>> seeds_;
  std::vector<std::unique_ptr<VirtualReactor>> reactors_;
  std::vector<std::unique_ptr<runtime::Worker>> workers_;
  std::vector<std::unique_ptr<runtime::Driver>> drivers_;
  std::optional<std::uint64_t> next_ns_;
};

}  // namespace chi::test_kit
