// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One node of the test kit's with a client's stream, and time that moves by steps of the seed's choice.
#pragma once

#include <sys/socket.h>

#include <memory>

#include "test_kit/virtual_node.h"

namespace chi::test {

// One node of `workers` workers with one pool, and one client stream that the test reads and writes by itself.
class Simulation {
 public:
  Simulation(std::uint64_t seed, std::uint32_t workers, std::shared_ptr<const runtime::Module> module,
             std::uint32_t containers)
      : node_(seed, workers, log_) {
    make_pool(std::move(module), containers);
    make_stream();
  }
  ~Simulation() {
    for (auto& container : pool_.containers) pool_.module->table().destroy(container->self);
  }

  runtime::Pool& pool() noexcept { return pool_; }
  runtime::Worker& worker(std::size_t index) noexcept { return node_.worker(index); }
  shm::Stream& stream() noexcept { return stream_->shared(); }
  std::uint64_t now_ns() const noexcept { return node_.now_ns(); }
  Random& random() noexcept { return node_.random(); }

  // What the lane map says of a container.
  std::uint64_t lane_entry(std::uint32_t container) noexcept {
    return node_.lanes().map().entries[pool_.lane_base + container].load(std::memory_order_acquire);
  }

  void pass(std::uint64_t by_ns) noexcept { node_.pass(by_ns); }

  // Steps one worker of the seed's choice; moves time on when nobody has had anything to do for a while.
  void step() {
    idle_ = node_.turn() ? 0 : idle_ + 1;
    if (idle_ < 64 * node_.size()) return;
    node_.pass(50'000 + node_.random().next() % 100'000);
    idle_ = 0;
  }

 private:
  void make_pool(std::shared_ptr<const runtime::Module> module, std::uint32_t containers) {
    pool_.id = 77;
    pool_.name = "sim";
    pool_.module = std::move(module);
    pool_.lane_base = node_.lanes().allocate(containers).value();
    for (std::uint32_t i = 0; i < containers; ++i) {
      node_.add_container(pool_, i, containers, runtime::services(), {}).value();
    }
    for (auto& each : pool_.containers) {
      node_.lanes().map().entries[pool_.lane_base + each->index] =
          shm::LaneMap::entry(each->worker().index(), each->epoch);
    }
    for (std::size_t i = 0; i < node_.size(); ++i) node_.worker(i).add_pool(&pool_);
  }

  void make_stream() {
    int ends[2] = {-1, -1};
    (void)::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
    other_end_ = UniqueFd(ends[0]);
    stream_ = std::make_shared<runtime::ClientStream>();
    stream_->id = 1;
    stream_->session = std::make_shared<runtime::Session>(1, runtime::Credentials{}, UniqueFd(ends[1]), 1 << 24);
    const auto count = static_cast<std::uint32_t>(node_.size());
    stream_->memory = shm::Segment::create("chimaera-sim", shm::Stream::bytes(count)).value();
    for (std::size_t i = 0; i < node_.size(); ++i) {
      auto& worker = node_.worker(i);
      worker.add_channel(std::make_unique<runtime::ClientChannel>(worker, stream_, Priority::low_latency));
    }
  }

  // Above the node, which uses them until it ends.
  NullLogger log_;
  runtime::Pool pool_;
  UniqueFd other_end_;
  std::shared_ptr<runtime::ClientStream> stream_;
  test_kit::VirtualNode node_;
  std::size_t idle_ = 0;
};

}  // namespace chi::test
