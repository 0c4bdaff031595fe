// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is behind a TestNode: its pools, the calls that the test has made, and the time that it lets pass.
#pragma once

#include <chimaera/test_kit.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "runtime/dispatch.h"
#include "runtime/module_shelf.h"
#include "test_kit/faults.h"
#include "test_kit/recording.h"
#include "test_kit/virtual_node.h"

namespace chi::test_kit {

class Lines final : public Logger {
 public:
  explicit Lines(bool to_stderr) : Logger(LogLevel::debug), to_stderr_(to_stderr) {}
  const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  void write(LogLevel level, std::string_view text) noexcept override;

  const bool to_stderr_;
  std::vector<std::string> lines_;
};

struct NodePool : runtime::Pool {
  Core* core = nullptr;
  runtime::OwnedMessage config;
};

// A call of the test's. Deletes itself once it is over and nobody asks for it any more.
class InFlight final : public runtime::Asker {
 public:
  explicit InFlight(Core& core) : core_(core), dispatch_(*this) {}
  ~InFlight() = default;

  void start(runtime::Worker& worker, const runtime::Request& request, const chi_message& message);
  void refuse(const Error& error);
  void let_go();  // by the handle
  void cancel();
  void note_in(std::shared_ptr<Recording> recording, std::size_t entry) noexcept;

  bool done() const noexcept { return done_; }
  const runtime::Answer& answer() const noexcept { return answer_; }  // once done(); valid as long as this

  void answered(const runtime::Answer& answer) override;
  void over() override;

 private:
  Core& core_;
  runtime::Dispatch dispatch_;
  runtime::OwnedMessage reply_;
  runtime::Answer answer_;
  std::shared_ptr<Recording> recording_;
  std::size_t entry_ = 0;
  bool done_ = false;
  bool over_ = true;
  bool let_go_ = false;
};

class Core {
 public:
  explicit Core(const TestOptions& options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Faults& faults() noexcept { return faults_; }
  void watch_io(std::function<void(const chi_io&)> watch) { watch_io_ = std::move(watch); }
  const Lines& log() const noexcept { return *log_; }
  VirtualNode& node() noexcept { return *node_; }

  Result<NodePool*> create_pool(const std::string& name, const PoolOptions& options);
  Status destroy_pool(const std::string& name);
  NodePool* find(const std::string& name) const noexcept;
  Result<runtime::Container*> container(const std::string& pool, std::uint32_t index) const;
  const runtime::Pool* find(PoolId id) const noexcept;
  PoolId fault_pool() const noexcept { return fault_pool_->id; }

  // Another container with the module and configuration of `like`, in a pool of its own, which nobody finds.
  Result<std::unique_ptr<NodePool>> make_twin(const runtime::Container& like);
  Status destroy(NodePool& pool);  // waits for what runs in it

  InFlight* submit(const std::string& pool, std::uint32_t method, const CallOptions& options,
                   const chi_message& message);
  InFlight* refuse(const Error& error);
  // Runs, and lets time pass, until it is so; failed_precondition when it can no longer become so.
  Status wait_for(FunctionRef<bool()> so);
  Status wait(const InFlight& call) {
    return wait_for([&call] { return call.done(); });
  }

  void run();
  void advance(std::uint64_t by_ns);

  void start_recording() { recording_ = std::make_shared<Recording>(node_->now_ns()); }
  std::shared_ptr<Recording> end_recording() { return std::exchange(recording_, nullptr); }

  void call_begins() noexcept { ++in_flight_; }
  void call_ends() noexcept { --in_flight_; }

 private:
  Result<std::shared_ptr<const runtime::Module>> module(const std::string& name);
  std::unique_ptr<NodePool> make_pool(const std::string& name, std::shared_ptr<const runtime::Module> module);
  Status fill(NodePool& pool, std::uint32_t containers);
  Status come_to_rest();
  void leave_behind(const Error& why) noexcept;

  std::unique_ptr<Lines> log_;
  std::map<std::string, std::shared_ptr<const runtime::Module>> own_modules_;
  runtime::ModuleShelf shelf_;
  Faults faults_;
  std::function<void(const chi_io&)> watch_io_;
  std::unique_ptr<VirtualNode> node_;
  std::map<std::string, std::unique_ptr<NodePool>> pools_;
  std::unique_ptr<NodePool> fault_pool_;
  std::shared_ptr<Recording> recording_;
  PoolId next_pool_ = 3;
  std::uint64_t next_sequence_ = 1;
  std::size_t in_flight_ = 0;
};

// What containers of a Core are given: the daemon's services, with faults.
const chi_services& services() noexcept;

// The answer as an error or a message.
Result<chi_message> result_of(const runtime::Answer& answer);

}  // namespace chi::test_kit
