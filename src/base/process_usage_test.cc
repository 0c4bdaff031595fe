// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the kernel says, beside what the test does.
#include "base/process_usage.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "base/file.h"

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
  EXPECT_GE(after.resident_bytes.value(), before.resident_bytes.value() + kSize * 9 / 10);
  EXPECT_GE(after.virtual_bytes.value(), before.virtual_bytes.value() + kSize);
  EXPECT_EQ(after.open_files.value(), before.open_files.value() + 1);
  EXPECT_GE(after.max_files.value(), after.open_files.value());
  EXPECT_GE(after.cpu_seconds.value(), before.cpu_seconds.value() + 0.07);  // in whole ticks
  EXPECT_EQ(after.start_seconds.value(), before.start_seconds.value());
  EXPECT_LE(before.start_seconds.value(), static_cast<double>(std::time(nullptr)) + 1);
  EXPECT_GE(before.start_seconds.value(), static_cast<double>(std::time(nullptr)) - 3600);
  ::close(file);
  ::munmap(memory, kSize);
}

TEST(ProcessUsageTest, WhatCannotBeReadHasNoValue) {
  // UBSan looks at an object of a new type through a pipe: those of such errors are to be known to it before.
  std::error_code seen;
  const std::filesystem::directory_iterator none_there("/proc/self/none", seen);
  ASSERT_FALSE(read_file("/proc/self/none", 1).ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const ProcessUsage usage = process_usage();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(usage.cpu_seconds, std::nullopt);
  EXPECT_EQ(usage.start_seconds, std::nullopt);
  EXPECT_EQ(usage.resident_bytes, std::nullopt);
  EXPECT_EQ(usage.virtual_bytes, std::nullopt);
  EXPECT_EQ(usage.open_files, std::nullopt);
  EXPECT_EQ(usage.max_files, 0U);
  EXPECT_NE(process_usage().open_files, std::nullopt);
}

}  // namespace
}  // namespace chi
