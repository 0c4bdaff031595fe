// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers without threads: one thread steps them in an order that a seed decides, and time moves only when all are
// idle.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/lane_map.h"
#include "runtime/services.h"
#include "runtime/worker.h"

namespace chi::test {

// There is no outside world: nothing starts, nothing ends.
class NoWorld final : public runtime::Reactor {
 public:
  bool start(const chi_io&, runtime::Operation&) override { return false; }
  bool watch(int) override { return true; }
  void unwatch(int) override {}
  unsigned poll() override { return 0; }
  void wait(std::uint64_t) override {}
  void wake() noexcept override {}
};

class NoControl final : public runtime::Control {
 public:
  void submit(runtime::ControlCall* call) override { call->settle(Code::unavailable, {}); }
};

// One node of `workers` workers with one pool, and one client stream that the test reads and writes by itself.
class Simulation {
 public:
  Simulation(std::uint64_t seed, std::uint32_t workers, std::shared_ptr<const runtime::Module> module,
             std::uint32_t containers)
      : random_(seed), lanes_(runtime::LaneMapPublisher::create(workers, 1).value()) {
    for (std::uint32_t i = 0; i < workers; ++i) {
      seeds_.push_back(random_.fork());
      workers_.push_back(std::make_unique<runtime::Worker>(
          runtime::WorkerOptions{.index = i},
          runtime::WorkerSeams{clock_, *seeds_.back(), log_, world_, lanes_->map(), control_}));
      drivers_.push_back(std::make_unique<runtime::Driver>(*workers_.back()));
    }
    make_pool(std::move(module), containers);
    make_stream();
  }
  ~Simulation() {
    for (auto& container : pool_.containers) pool_.module->table().destroy(container->self);
    runtime::Driver::clear_current();
  }

  runtime::Pool& pool() noexcept { return pool_; }
  shm::Stream& stream() noexcept { return stream_->shared(); }
  std::uint64_t now_ns() const noexcept { return clock_.now_ns(); }
  Random& random() noexcept { return random_; }

  // Steps one worker of the seed's choice; moves time on when nobody has had anything to do for a while.
  void step() {
    const std::size_t i = random_.next() % workers_.size();
    drivers_[i]->make_current();
    const bool busy = workers_[i]->turn() == runtime::Worker::Turn::busy;
    idle_ = busy ? 0 : idle_ + 1;
    if (idle_ < 64 * workers_.size()) return;
    clock_.advance(50'000 + random_.next() % 100'000);
    idle_ = 0;
  }

 private:
  void make_pool(std::shared_ptr<const runtime::Module> module, std::uint32_t containers) {
    pool_.id = 77;
    pool_.name = "sim";
    pool_.module = std::move(module);
    for (std::uint32_t i = 0; i < containers; ++i) {
      auto& worker = *workers_[i % workers_.size()];
      pool_.containers.push_back(std::make_unique<runtime::Container>(pool_, i, worker));
      create(*pool_.containers.back(), containers);
    }
    for (auto& worker : workers_) worker->add_pool(&pool_);
  }

  void create(runtime::Container& container, std::uint32_t count) {
    chi_create arguments{};
    arguments.size = sizeof arguments;
    arguments.index = container.index;
    arguments.count = count;
    arguments.epoch = 1;
    arguments.pool = pool_.id;
    arguments.pool_name = pool_.name.c_str();
    pool_.module->table().create(&runtime::services(), &container, &arguments, &container.self, nullptr,
                                 [](void*, const chi_message*) {});
  }

  void make_stream() {
    int ends[2] = {-1, -1};
    (void)::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
    other_end_ = UniqueFd(ends[0]);
    stream_ = std::make_shared<runtime::ClientStream>();
    stream_->id = 1;
    stream_->session = std::make_shared<runtime::Session>(1, runtime::Credentials{}, UniqueFd(ends[1]), 1 << 24);
    const auto count = static_cast<std::uint32_t>(workers_.size());
    stream_->memory = shm::Segment::create("chimaera-sim", shm::Stream::bytes(count)).value();
    for (auto& worker : workers_) {
      worker->add_channel(std::make_unique<runtime::ClientChannel>(*worker, stream_, Priority::low_latency));
    }
  }

  ManualClock clock_;
  SeededRandom random_;
  NullLogger log_;
  NoWorld world_;
  NoControl control_;
  std::unique_ptr<runtime::LaneMapPublisher> lanes_;
  std::vector<std::unique_ptr<Random>> seeds_;
  std::vector<std::unique_ptr<runtime::Worker>> workers_;
  std::vector<std::unique_ptr<runtime::Driver>> drivers_;
  runtime::Pool pool_;
  UniqueFd other_end_;
  std::shared_ptr<runtime::ClientStream> stream_;
  std::size_t idle_ = 0;
};

}  // namespace chi::test
