// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// For tests of the client alone: a daemon of one thread, with pools whose methods are made to misbehave on purpose
// (late, out of order, never, from the wrong place), at a moment that the test chooses.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/codec.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/runtime_dir.h"
#include "client/fake_session.h"
#include "shm/packet.h"

namespace chi::test {

struct FakeOptions {
  std::uint32_t workers = 2;
  std::uint32_t active = 0;  // of them, to begin with; 0: all
  std::uint64_t memory_limit = 64u << 20;
  std::uint32_t protocol = shm::kProtocolVersion;
  unsigned idle_turns = 100;         // before it sleeps
  std::uint64_t clock_ahead_ns = 0;  // as in a time namespace
};

// start() to stop(); between them its own thread has everything but what is atomic.
class FakeDaemon {
 public:
  explicit FakeDaemon(FakeOptions options = {}) : options_(options) {
    lanes_ = shm::Segment::create("fake-lanes", sizeof(shm::LaneMap), shm::Protection::read_only).value();
    map().magic = shm::LaneMap::kMagic;
    set_active(options_.active == 0 ? options_.workers : options_.active);
    for (std::uint32_t i = 0; i < options_.workers; ++i) wake_.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    stop_.reset(::eventfd(0, EFD_CLOEXEC));
  }
  ~FakeDaemon() { stop(); }

  // Pools that it has, by name. Before start(); container i of each is on worker i % workers, in epoch 1.
  std::map<std::string, admin::PoolInfo> pools;

  void add_pool(const std::string& name, PoolId id, std::uint32_t containers, std::uint32_t lane_base) {
    admin::PoolInfo info;
    info.id = id;
    info.name = name;
    info.containers = containers;
    info.lane_base = lane_base;
    pools[name] = info;
    for (std::uint32_t i = 0; i < containers; ++i) set_lane(lane_base + i, i % options_.workers, 1);
  }
  void set_active(std::uint32_t workers) { map().workers.store(workers); }
  void set_lane(std::uint32_t at, std::uint32_t worker, Epoch epoch) {
    map().entries[at].store(shm::LaneMap::entry(worker, epoch));
  }

  void listen(const std::string& path) {
    auto address = socket_address(path).value();
    ::unlink(path.c_str());
    listener_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(::listen(listener_.get(), 16), 0);
  }
  // One end of a pair, in place of listening.
  void serve_socket(UniqueFd socket) { given_ = std::move(socket); }
  void start() {
    stopping_ = false;
    thread_ = std::thread([this] { serve(); });
  }

  // As if killed: sockets close, nobody is told.
  void stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof(one)), ssize_t{sizeof(one)});
    thread_.join();
    EXPECT_EQ(::read(stop_.get(), &one, sizeof(one)), ssize_t{sizeof(one)});
    sessions_.clear();
    listener_.reset();
  }

  // What happens to calls: see fake_methods.h.
  FakeBehaviour behaviour;

 private:
  shm::LaneMap& map() { return *reinterpret_cast<shm::LaneMap*>(lanes_.data()); }

  void serve() {
    if (given_) welcome(std::move(given_));
    for (unsigned idle = 0; !stopping_;) {
      bool worked = false;
      for (auto& session : sessions_) worked |= session->serve(pools, behaviour);
      idle = worked ? 0 : idle + 1;
      if (idle > options_.idle_turns) sleep();
    }
  }

  void sleep() {
    for (std::uint32_t i = 0; i < options_.workers; ++i) map().worker[i].asleep.store(1);
    heavy_fence();
    bool ready = false;
    for (auto& session : sessions_) ready |= session->ready() || session->has_due(behaviour);
    std::vector<pollfd> fds{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (auto& fd : wake_) fds.push_back({fd.get(), POLLIN, 0});
    std::size_t first_session = fds.size();
    for (auto& session : sessions_) fds.push_back({session->socket(), POLLIN, 0});
    ::poll(fds.data(), fds.size(), ready ? 0 : 20);
    for (std::uint32_t i = 0; i < options_.workers; ++i) map().worker[i].asleep.store(0);
    for (auto& fd : wake_) {
      std::uint64_t count = 0;
      behaviour.wakes += ::read(fd.get(), &count, sizeof(count)) > 0 ? 1 : 0;
    }
    for (std::size_t i = fds.size(); i-- > first_session;) {
      auto session = sessions_.begin() + static_cast<std::ptrdiff_t>(i - first_session);
      if (fds[i].revents && !(*session)->handle_packet(behaviour)) sessions_.erase(session);
    }
    if (fds[1].revents) accept();
  }

  void accept() {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) welcome(std::move(socket));
  }

  void welcome(UniqueFd socket) {
    auto hello = shm::receive_packet(socket.get(), SystemClock().now_ns() + 1'000'000'000);
    if (!hello) return;
    shm::Record record;
    record.version = options_.protocol;
    record.packet = static_cast<std::uint32_t>(shm::Packet::welcome);
    record.workers = options_.workers;
    record.memory_limit = options_.memory_limit;
    record.clock_ns = SystemClock().now_ns() + options_.clock_ahead_ns;
    record.size = lanes_.size();
    std::vector<int> fds{lanes_.fd()};
    for (auto& fd : wake_) fds.push_back(fd.get());
    EXPECT_TRUE(shm::send_packet(socket.get(), record, fds, 0).ok());
    sessions_.push_back(std::make_unique<FakeSession>(std::move(socket), options_.workers, options_.memory_limit));
  }

  const FakeOptions options_;
  shm::Segment lanes_;
  std::vector<UniqueFd> wake_;
  UniqueFd stop_;
  UniqueFd listener_;
  UniqueFd given_;
  std::vector<std::unique_ptr<FakeSession>> sessions_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace chi::test
