// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the kernel says, beside what the test does.
#include "base/process_usage.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

namespace chi {
namespace {

TEST(ProcessUsageTest, SeesMemoryFilesAndTime) {
  const ProcessUsage before = process_usage();
  constexpr std::size_t kSize = std::size_t{64} << 20;
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, kSize);
  const int file = ::dup(0);
  std::clock_t end = std::clock() + CLOCKS_PER_SEC / 10;
  while (std::clock() < end) continue;
  const ProcessUsage after = process_usage();
  EXPECT_GE(after.resident_bytes, before.resident_bytes + kSize * 9 / 10);
  EXPECT_GE(after.virtual_bytes, before.virtual_bytes + kSize);
  EXPECT_EQ(after.open_files, before.open_files + 1);
  EXPECT_GE(after.max_files, after.open_files);
  EXPECT_GE(after.cpu_seconds, before.cpu_seconds + 0.07);  // in whole ticks
  EXPECT_EQ(after.start_seconds, before.start_seconds);
  EXPECT_LE(before.start_seconds, static_cast<double>(std::time(nullptr)) + 1);
  EXPECT_GE(before.start_seconds, static_cast<double>(std::time(nullptr)) - 3600);
  ::close(file);
  ::munmap(memory, kSize);
}

}  // namespace
}  // namespace chi
