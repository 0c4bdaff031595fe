// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A thread that may use fewer CPUs, and more again.
#include "runtime/cpu_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "base/usable_cpus.h"

namespace chi::runtime {
namespace {

TEST(CpuWatch, SaysNothingWhileNothingChanges) {
  CpuWatch watch(0);
  int told = 0;
  watch.tell([&](const CpuLimits&) { ++told; });
  for (int i = 0; i < 3; ++i) watch.look();
  EXPECT_EQ(told, 0);
  EXPECT_EQ(watch.limits().allowed, cpus_of_thread(0));
  EXPECT_LE(usable_cpus(), watch.limits().allowed.size());
  if (watch.limits().limit != 0) {
    EXPECT_LE(usable_cpus(), watch.limits().limit);
  }
}

TEST(CpuWatch, SaysOnceWhatIsLeftAndWhatIsBack) {
  const CpuList all = cpus_of_thread(0);
  if (all.size() < 2) GTEST_SKIP() << "there is one CPU only";
  std::thread([&] {
    CpuWatch watch(0);
    std::vector<CpuList> told;
    watch.tell([&](const CpuLimits& now) { told.push_back(now.allowed); });
    ThreadPlace self;
    self.enter();
    ASSERT_TRUE(self.bind({all.back()}));
    watch.look();
    watch.look();
    ASSERT_EQ(told, std::vector<CpuList>{CpuList{all.back()}});
    EXPECT_EQ(watch.limits().allowed, CpuList{all.back()});
    ASSERT_TRUE(self.bind(all));
    watch.look();
    EXPECT_EQ(told.back(), all);
    EXPECT_EQ(told.size(), 2U);
    self.leave();
  }).join();
}

TEST(CpuWatch, FollowsAnotherThread) {
  const CpuList all = cpus_of_thread(0);
  CpuWatch watch(::getpid());
  std::thread([&] {
    ThreadPlace self;
    self.enter();
    ASSERT_TRUE(self.bind({all.back()}));
    watch.look();
    EXPECT_EQ(watch.limits().allowed, all);
    self.leave();
  }).join();
}

}  // namespace
}  // namespace chi::runtime
