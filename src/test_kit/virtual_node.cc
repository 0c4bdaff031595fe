// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The loop that stands in for the workers' threads.
#include "test_kit/virtual_node.h"

#include <algorithm>

#include "chimaera/gathered.h"

namespace chi::test_kit {
namespace {

constexpr std::uint64_t kMostTurns = 20'000'000;  // at one moment; a node that needs more never comes to rest

}  // namespace

VirtualNode::VirtualNode(std::uint64_t seed, std::uint32_t workers, Logger& log, const VirtualReactor::Fault& io_fault)
    : random_(seed), log_(log), lanes_(runtime::LaneMapPublisher::create(workers, 1).value()) {
  for (std::uint32_t i = 0; i < workers; ++i) {
    seeds_.push_back(random_.fork());
    reactors_.push_back(std::make_unique<VirtualReactor>(io_fault));
    workers_.push_back(std::make_unique<runtime::Worker>(
        runtime::WorkerOptions{.index = i},
        runtime::WorkerSeams{clock_, *seeds_.back(), log_, *reactors_.back(), *lanes_, control_}));
    drivers_.push_back(std::make_unique<runtime::Driver>(*workers_.back()));
  }
}

VirtualNode::~VirtualNode() { runtime::Driver::clear_current(); }

runtime::Worker& VirtualNode::enter(std::size_t index) noexcept {
  drivers_[index]->make_current();
  return *workers_[index];
}

bool VirtualNode::turn() { return enter(random_.next() % size()).turn() == runtime::Worker::Turn::busy; }

// Whether the worker would go to sleep now. `next` becomes the earlier of itself and the worker's next timer.
bool VirtualNode::rests(std::size_t index, std::optional<std::uint64_t>& next) {
  std::uint64_t until = 0;
  (void)reactors_[index]->take_rest(until);
  enter(index).sleep_until_work(runtime::Worker::Sleep::deep);  // a nap waits for real cores
  if (!reactors_[index]->take_rest(until)) return false;
  if (until != 0) next = next ? std::min(*next, until) : until;
  return true;
}

bool VirtualNode::settle() {
  for (auto& worker : workers_) worker->refresh_now();
  for (std::uint64_t turns = 0; turns < kMostTurns; ++turns) {
    if (turn()) continue;
    std::optional<std::uint64_t> next;
    bool all = true;
    for (std::size_t i = 0; i < size() && all; ++i) all = rests(i, next);
    if (!all) continue;
    next_ns_ = next;
    return true;
  }
  return false;
}

Status VirtualNode::add_container(runtime::Pool& pool, std::uint32_t index, std::uint32_t count,
                                  const chi_services& services, const chi_message& config) {
  auto container = std::make_unique<runtime::Container>(pool, index, *workers_[index % size()]);
  chi_create arguments{};
  arguments.size = sizeof arguments;
  arguments.index = index;
  arguments.count = count;
  arguments.epoch = container->epoch;
  arguments.pool = pool.id;
  arguments.pool_name = pool.name.c_str();
  arguments.config = config;
  arguments.uid = pool.uid;
  arguments.gid = pool.gid;
  runtime::OwnedMessage reason;
  auto code = static_cast<std::int32_t>(Code::internal);
  run_module_code(*container, [&] {
    code = pool.module->table().create(&services, container.get(), &arguments, &container->self, &reason,
                                       [](void* context, const chi_message* message) {
                                         static_cast<runtime::OwnedMessage*>(context)->copy(*message);
                                       });
  });
  pool.containers.push_back(std::move(container));
  if (code == 0) return {};
  Error error = decode_error(code, reason.view());
  if (error.where.empty()) error.where = pool.containers.back()->name();
  return error;
}

}  // namespace chi::test_kit
