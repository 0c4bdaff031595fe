// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// For tests of a module: a node without threads, whose time moves only when the test says so, and which does the same
// again for the same seed. Workers, lanes, modules and calls are the daemon's own.
//
//   auto node = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
//   auto words = node.create_pool("words", {.module = "tally", .containers = 4}).value();
//   auto reply = words.call<tally::Add>("apple").get();        // runs the node until the call is answered
//   node.fail_calls({.pool = "disk", .method = "write", .nth = 2});   // the second of the calls that containers make
//   node.advance(std::chrono::minutes(5));                     // every timer on the way, each at its time
//
// Nothing here knows a test framework: what goes wrong is a Result with a text. Link chimaera::test_kit. All of a node
// belongs to one thread; pools and calls keep it alive. A handler that never returns never returns here either.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/client.h>
#include <chimaera/result.h>
#include <chimaera/test_pool.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chi {

struct TestOptions {
  std::uint32_t workers = 1;
  std::uint64_t seed = 1;                  // of the containers' random(), and of the order in which workers run
  std::vector<std::string> module_paths;   // repos, before CHIMAERA_MODULE_PATH and the installed ones
  std::vector<const chi_module*> modules;  // of this program itself: the tables that CHI_EXPORT_MODULE defines
  bool log_to_stderr = false;              // what containers log, beside TestNode::log()
};

// Which calls that containers make are to fail, without reaching the container that they are for. Calls of the test's
// own do not count. Faults are asked in the order in which they were set; the first that strikes decides.
struct CallFault {
  std::string pool;         // the one that is called; empty: any
  std::string method;       // by name; empty: any
  std::uint32_t nth = 1;    // the first one that fails, counted from now
  std::uint32_t times = 1;  // how many fail from there on
  Error error{Code::unavailable, "made to fail by the test", {}};
  bool no_answer = false;  // instead of the error: silence, until the call's deadline or its cancellation
};

// The same for system calls (chimaera/io.h), which a node of this kind makes one after the other, in no time.
struct IoFault {
  std::uint32_t operation = 0;  // CHI_IO_*; 0: any
  std::uint32_t nth = 1;
  std::uint32_t times = 1;
  int error_number = EIO;
};

// Movable. What it starts ends with it: what still runs is cancelled, given its deadline, and then reported on stderr.
class TestNode {
 public:
  // Fails with invalid_argument or resource_exhausted; leaves nothing then.
  static Result<TestNode> start(const TestOptions& options = {});

  TestNode(TestNode&&) noexcept;
  TestNode& operator=(TestNode&&) noexcept;
  ~TestNode();

  // As Client's. There is no pool `admin`.
  Result<TestPool> create_pool(std::string name, const PoolOptions& options) const;
  Status destroy_pool(const std::string& name) const;
  TestPool pool(std::string name) const;  // an unknown name is the first call's not_found

  // Runs everything that is ready, and what that makes ready; no time passes.
  void run() const;

  // Moves the time on, stopping at each timer that is due on the way.
  void advance(std::chrono::nanoseconds by) const;

  std::chrono::nanoseconds now() const;  // what containers see as chi::now()

  void fail_calls(CallFault fault) const;
  void fail_io(IoFault fault) const;
  // Told of each system call that containers make, before it is made: of which memory, for one.
  void watch_io(std::function<void(const chi_io&)> watch) const;
  std::uint64_t faults_struck() const;  // calls and system calls that were made to fail so far

  // From now on notes every call of the test's, with its moment and its reply. save_recording writes them to a file, a
  // line of JSON each, to be read, changed and replayed, and ends it. It runs what is still to be answered.
  void record() const;
  Status save_recording(const std::string& path) const;

  // Makes the calls of such a file, in order and at their moments from now on, and compares the replies; fails with
  // failed_precondition where some differ, and shows the first. Of a failed call the code must be the same, not the
  // text. Fields that were appended since to a request or reply make no difference.
  Status replay(const std::string& path) const;

  // What containers and the node have logged, a line each.
  const std::vector<std::string>& log() const;

 private:
  explicit TestNode(std::shared_ptr<test_kit::Core> core) noexcept;
  std::shared_ptr<test_kit::Core> core_;
};

}  // namespace chi
