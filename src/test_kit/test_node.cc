// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The public classes: what they ask of Core.
#include <fmt/format.h>

#include "base/file.h"
#include "chimaera/test_kit.h"
#include "test_kit/core.h"
#include "test_kit/golden.h"
#include "test_kit/place.h"
#include "test_kit/replay.h"
#include "test_kit/state.h"

namespace chi {
namespace {

constexpr std::uint32_t kMostWorkers = 64;

}  // namespace

TestNode::TestNode(std::shared_ptr<test_kit::Core> core) noexcept : core_(std::move(core)) {}
TestNode::TestNode(TestNode&&) noexcept = default;
TestNode& TestNode::operator=(TestNode&&) noexcept = default;
TestNode::~TestNode() = default;

Result<TestNode> TestNode::start(const TestOptions& options) try {
  if (options.workers == 0 || options.workers > kMostWorkers) {
    return Error{Code::invalid_argument, fmt::format("1 to {} workers, not {}", kMostWorkers, options.workers),
                 test_kit::kWhere};
  }
  return TestNode(std::make_shared<test_kit::Core>(options));
} catch (const BadResult& failed) {
  return Error{Code::resource_exhausted, failed.what(), test_kit::kWhere};
}

Result<TestPool> TestNode::create_pool(std::string name, const PoolOptions& options) const {
  Result<test_kit::NodePool*> made = core_->create_pool(name, options);
  if (!made) return std::move(made).error();
  return TestPool(core_, std::move(name));
}

Status TestNode::destroy_pool(const std::string& name) const { return core_->destroy_pool(name); }
TestPool TestNode::pool(std::string name) const { return {core_, std::move(name)}; }

void TestNode::run() const { core_->run(); }
void TestNode::advance(std::chrono::nanoseconds by) const {
  core_->advance(by.count() > 0 ? static_cast<std::uint64_t>(by.count()) : 0);
}
std::chrono::nanoseconds TestNode::now() const { return std::chrono::nanoseconds(core_->node().now_ns()); }

void TestNode::fail_calls(CallFault fault) const { core_->faults().add(std::move(fault)); }
void TestNode::fail_io(IoFault fault) const { core_->faults().add(fault); }
void TestNode::watch_io(std::function<void(const chi_io&)> watch) const { core_->watch_io(std::move(watch)); }
std::uint64_t TestNode::faults_struck() const { return core_->faults().struck(); }

void TestNode::record() const { core_->start_recording(); }

Status TestNode::save_recording(const std::string& path) const {
  auto recording = core_->end_recording();
  if (!recording)
    return Error{Code::failed_precondition, "nothing was recorded: record() comes first", test_kit::kWhere};
  if (Status complete = core_->wait_for([&] { return recording->complete(); }); !complete) return complete;
  return replace_file(path, recording->text(), 0644);
}

Status TestNode::replay(const std::string& path) const { return test_kit::replay(*core_, path); }

const std::vector<std::string>& TestNode::log() const { return core_->log().lines(); }

Result<Snapshot> TestPool::snapshot(std::uint32_t container) const {
  auto found = core_->container(name_, container);
  if (!found) return std::move(found).error();
  return take_snapshot(*core_, **found);
}

Status TestPool::restore(const Snapshot& snapshot, std::uint32_t container) const {
  auto found = core_->container(name_, container);
  if (!found) return std::move(found).error();
  return restore_snapshot(*core_, **found, snapshot);
}

Status TestPool::check_snapshot(std::uint32_t container) const {
  auto found = core_->container(name_, container);
  if (!found) return std::move(found).error();
  auto before = take_snapshot(*core_, **found);
  if (!before) return std::move(before).error();
  auto after = through_a_new_container(*core_, **found, *before);
  if (!after) return std::move(after).error();
  const char* schema = (*found)->pool.module->table().state_schema;
  const std::string difference = test_kit::state_difference(schema, *after, *before);
  if (difference.empty()) return {};
  return Error{Code::failed_precondition, "the state does not survive a snapshot: " + difference, test_kit::kWhere};
}

Status TestPool::check_golden(const std::string& folder, std::uint32_t container) const {
  auto found = core_->container(name_, container);
  if (!found) return std::move(found).error();
  return test_kit::check_golden(*core_, **found, folder);
}

Result<Snapshot> TestPool::read_golden(const std::string& path) {
  auto golden = test_kit::read_golden(path);
  if (!golden) return std::move(golden).error();
  return golden->snapshot;
}

}  // namespace chi
