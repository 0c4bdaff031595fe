// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The number of workers changes while clients call: every call is answered, with the right data.
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "common/small_node.h"
#include "shm/layout.h"

namespace chi::test {
namespace {

constexpr std::uint32_t kLimit = 6;

class Workers : public SmallNode {
 protected:
  void SetUp() override { start("runtime: {max_workers: 6}\nworch: {queue: null}"); }

  Result<admin::WorkersReply> set(std::uint32_t count, bool dedicated = false) const {
    return client_->admin().call<admin::WorkersSet>(count, dedicated).get();
  }
  std::set<std::uint32_t> workers_of(const std::string& pool) const {
    std::set<std::uint32_t> out;
    const auto description = client_->admin().call<admin::PoolDescribe>(pool).get().value();
    for (const auto& container : description.containers) out.insert(container.worker);
    return out;
  }
  Pool make_wide() const { return client_->create_pool("wide", {.module = "small_message", .containers = 12}).value(); }
};

// One of each way that a call can take: to a container, to several, with bulk data both ways, nested.
void call_all_ways(const Pool& pool, std::uint32_t containers, std::uint64_t seed) {
  const auto index = static_cast<std::uint32_t>(seed % containers);
  const auto read = pool.on(container(index)).call<sm::Read>(100 + seed % 5000, seed).get();
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  ASSERT_EQ(read->data.size(), 100 + seed % 5000);
  const auto back = pool.on(container((index + 1) % containers)).call<sm::Write>(read->data, read->checksum).get();
  ASSERT_TRUE(back.ok()) << back.error().to_string();
  EXPECT_EQ(back->checksum, read->checksum);
  const auto nested = pool.on(container(index)).call<sm::Md>(3U).get();
  ASSERT_TRUE(nested.ok()) << nested.error().to_string();
  EXPECT_EQ(nested->value, 1U);
  const auto several = pool.on(range(0, containers)).gather<sm::Md>(0U).get();
  ASSERT_TRUE(several.ok()) << several.error().to_string();
  EXPECT_TRUE(several->complete());
  EXPECT_EQ(several->replies.size(), containers);
}

TEST_F(Workers, GrowAndShrinkUnderLoad) {
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> calls{0};
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (std::uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const Client own = runtime_->connect().value();
      for (std::uint64_t seed = t; !end; seed += 3, ++calls) call_all_ways(own.pool("small"), kContainers, seed);
    });
  }
  for (std::uint32_t round = 0; round < 6; ++round) {
    const std::uint32_t most = 3 + round % 4;
    const auto grown = set(most);
    ASSERT_TRUE(grown.ok()) << grown.error().to_string();
    EXPECT_EQ(grown->active, most);
    const Pool wide = make_wide();
    EXPECT_EQ(workers_of("wide").size(), most) << "not spread over the workers there are";
    std::thread other([&] { call_all_ways(wide, 12, round); });  // a stream that is made meanwhile
    call_all_ways(wide, 12, round + 100);
    other.join();
    ASSERT_TRUE(client_->destroy_pool("wide").ok());
    const auto shrunk = set(2);
    ASSERT_TRUE(shrunk.ok()) << shrunk.error().to_string();
    const std::uint64_t before = calls;
    EXPECT_TRUE(eventually([&] { return calls > before + 3; })) << "the load came to a halt";
  }
  end = true;
  for (auto& thread : threads) thread.join();
}

// Streams older and newer than a worker, of one session and of several, reach what is on it.
TEST_F(Workers, ANewWorkerServesEveryStream) {
  const Client second = runtime_->connect().value();
  call_all_ways(second.pool("small"), kContainers, 1);
  ASSERT_TRUE(set(kLimit).ok());
  const Pool wide = make_wide();
  EXPECT_EQ(workers_of("wide").size(), kLimit);
  const Client third = runtime_->connect().value();
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    call_all_ways(wide, 12, seed);
    call_all_ways(second.pool("wide"), 12, seed);
    call_all_ways(third.pool("wide"), 12, seed);
    call_all_ways(third.pool("small"), kContainers, seed);
  }
}

TEST_F(Workers, SessionsAndThreadsComeWhileWorkersDo) {
  std::atomic<bool> end{false};
  std::thread visitors([&] {
    for (std::uint64_t seed = 0; !end; ++seed) {
      const Client visitor = runtime_->connect().value();
      std::thread more([&] { call_all_ways(visitor.pool("small"), kContainers, seed); });
      call_all_ways(visitor.pool("small"), kContainers, seed + 1);
      more.join();
    }
  });
  for (std::uint32_t count = 3; count <= kLimit; ++count) {
    ASSERT_TRUE(set(count).ok());
    const Pool wide = make_wide();
    call_all_ways(wide, 12, count);
    ASSERT_TRUE(client_->destroy_pool("wide").ok());
  }
  end = true;
  visitors.join();
  EXPECT_TRUE(eventually([&] { return status().sessions.size() == 1; })) << "a session was not let go";
}

TEST_F(Workers, WhatCannotBeIsRefusedAndChangesNothing) {
  for (std::uint32_t count : {0U, kLimit + 1, 1'000'000U}) {
    const auto refused = set(count, true);
    EXPECT_EQ(refused.code(), Code::invalid_argument);
    EXPECT_NE(refused.error().text.find("runtime.max_workers"), std::string::npos) << refused.error().text;
  }
  const auto now = status();
  EXPECT_EQ(now.worker_limit, kLimit);
  ASSERT_EQ(now.workers.size(), 2U);
  EXPECT_FALSE(now.workers[0].dedicated);
}

TEST_F(Workers, LanesOfAWorkerThatGoesAreTakenOverFull) {
  const std::uint64_t value = small().on(container(0)).call<sm::Md>(9U).get().value().value;
  // Each container has more before it than one turn does.
  std::vector<Future<sm::Md::Reply>> queued;
  for (std::uint32_t round = 0; round < 8; ++round) {
    for (std::uint32_t i = 0; i < kContainers; ++i) queued.push_back(small().on(container(i)).call<sm::Md>(9U));
  }
  const auto one = set(1);
  ASSERT_TRUE(one.ok()) << one.error().to_string();
  EXPECT_TRUE(eventually([&] { return workers_of("small") == std::set<std::uint32_t>{0}; }));
  EXPECT_FALSE(status().workers[1].active);
  for (auto& each : queued) {
    const auto reply = each.get();
    ASSERT_TRUE(reply.ok()) << reply.error().to_string();
    EXPECT_EQ(reply->value, value);
  }
  call_all_ways(small(), kContainers, 3);
}

TEST_F(Workers, RetiredOnesAreShownAndComeBack) {
  ASSERT_TRUE(set(4).ok());
  ASSERT_TRUE(set(2).ok());
  auto now = status();
  ASSERT_EQ(now.workers.size(), 4U);
  EXPECT_TRUE(now.workers[1].active);
  EXPECT_FALSE(now.workers[2].active);
  ASSERT_TRUE(set(3).ok());
  now = status();
  EXPECT_EQ(now.workers.size(), 4U);
  EXPECT_TRUE(now.workers[2].active);
}

TEST_F(Workers, DedicatedOnesDoNotSleepAndSharedOnesDo) {
  const auto sleeps = [&] { return status().workers[1].sleeps; };
  const auto awake_for_a_while = [&] {
    const std::uint64_t before = sleeps();
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(small().on(container(0)).call<sm::Null>().get().ok());
    return sleeps() == before;
  };
  ASSERT_TRUE(set(2, true)->dedicated);
  EXPECT_TRUE(status().workers[1].dedicated);
  EXPECT_TRUE(eventually(awake_for_a_while));
  const std::uint64_t before = sleeps();  // while it cannot: its first sleep may be one without an end
  ASSERT_FALSE(set(2, false)->dedicated);
  EXPECT_TRUE(eventually([&] { return sleeps() > before; })) << "a shared worker does not sleep";
}

std::uint64_t resident_of(const std::string& mapping) {
  std::ifstream file("/proc/self/smaps");
  std::uint64_t sum = 0;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.find('-') < line.find(' ')) inside = line.find(mapping) != std::string::npos;
    if (inside && line.starts_with("Rss:")) sum += std::stoull(line.substr(4)) << 10;
  }
  return sum;
}

class ManyPossibleWorkers : public SmallNode {
 protected:
  void SetUp() override { start("runtime: {max_workers: 64}"); }
};

TEST_F(ManyPossibleWorkers, RingsOfThoseThatAreNotThereTakeNoMemory) {
  call_all_ways(small(), kContainers, 7);
  ASSERT_EQ(status().sessions.size(), 1U);
  EXPECT_GE(status().sessions[0].memory, shm::Stream::bytes(64));
  const std::uint64_t resident = resident_of("chimaera-stream");
  EXPECT_GT(resident, 0U);
  // The daemon's mapping and the client's, each of 64 workers' rings, of which two are there.
  EXPECT_LT(resident, 2 * shm::Stream::bytes(3));
}

TEST(WorkerLimits, MoreThanThereCanBeIsRefused) {
  const auto started =
      Runtime::start({.workers = 3, .module_paths = {CHI_TEST_MODULES}, .config = "runtime: {max_workers: 2}"});
  ASSERT_EQ(started.code(), Code::invalid_argument);
  EXPECT_NE(started.error().text.find("runtime.max_workers"), std::string::npos) << started.error().text;
}

}  // namespace
}  // namespace chi::test
