// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The choice of CPUs on machines of several shapes, and that binding binds.
#include "benchmark/cpus.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace chi::bench {
namespace {

bool no_siblings(int, int) { return false; }
bool pairs(int a, int b) { return a / 2 == b / 2; }

TEST(Place, TwoCores) {
  const Placement found = place({0, 1}, no_siblings);
  EXPECT_EQ(found.client, 0);
  EXPECT_EQ(found.worker, 1);
  EXPECT_EQ(found.clients, std::vector<int>{0});
  EXPECT_FALSE(found.one_cpu());
}

TEST(Place, AvoidsTheSameCore) {
  const Placement found = place({4, 5, 6, 7}, pairs);
  EXPECT_EQ(found.client, 4);
  EXPECT_EQ(found.worker, 6);
  EXPECT_EQ(found.clients, (std::vector<int>{4, 5, 7}));
}

TEST(Place, TakesTheSameCoreWhenThereIsNoOther) { EXPECT_EQ(place({0, 1}, pairs).worker, 1); }

TEST(Place, OneCpu) {
  const Placement found = place({3}, no_siblings);
  EXPECT_TRUE(found.one_cpu());
  EXPECT_EQ(found.clients, std::vector<int>{3});
}

int count_of(pid_t thread) {
  cpu_set_t set;
  EXPECT_EQ(::sched_getaffinity(thread, sizeof(set), &set), 0);
  return CPU_COUNT(&set);
}

TEST(Bind, ThreadsOfAProcess) {
  const std::vector<int> all = usable_cpus();
  std::atomic<pid_t> other{0};
  std::atomic<bool> end{false};
  std::thread thread([&] {
    other = ::gettid();
    other.notify_all();
    end.wait(false);
  });
  other.wait(0);
  EXPECT_TRUE(bind_process(::getpid(), {all.back()}));
  EXPECT_EQ(count_of(0), 1);
  EXPECT_EQ(count_of(other), 1);
  EXPECT_TRUE(bind_thread(all));
  EXPECT_EQ(count_of(0), static_cast<int>(all.size()));
  EXPECT_EQ(usable_cpus(), all);
  end = true;
  end.notify_all();
  thread.join();
}

TEST(Bind, NoSuchProcess) { EXPECT_FALSE(bind_process(0x7fffffff, usable_cpus())); }

}  // namespace
}  // namespace chi::bench
