// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "shm/segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

namespace chi::shm {
namespace {

UniqueFd copy_of(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

TEST(Segment, BothSidesSeeTheSameBytes) {
  auto mine = Segment::create("test", 10'000);
  ASSERT_TRUE(mine.ok());
  EXPECT_EQ(mine->size(), 12'288U);
  auto yours = Segment::adopt(copy_of(mine->fd()), 10'000);
  ASSERT_TRUE(yours.ok());
  std::memcpy(mine->data() + 9'990, "written", 7);
  EXPECT_EQ(std::memcmp(yours->data() + 9'990, "written", 7), 0);
  Segment moved = *std::move(mine);
  EXPECT_EQ(mine->data(), nullptr);
  EXPECT_EQ(std::memcmp(moved.data() + 9'990, "written", 7), 0);
}

TEST(Segment, CannotBeCutShort) {
  auto segment = Segment::create("test", 8192);
  ASSERT_TRUE(segment.ok());
  EXPECT_NE(::ftruncate(segment->fd(), 0), 0);
  EXPECT_NE(::ftruncate(segment->fd(), 1 << 20), 0);
  EXPECT_NE(::fcntl(segment->fd(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

// With the signal's usual action, which is the process' end.
TEST(Segment, ALimitOfFileSizesIsAnErrorThatNamesIt) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit low{1 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  auto refused = Segment::create("test", 2 << 20);
  auto small = Segment::create("test", 1 << 20);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(small.ok());
  ASSERT_EQ(refused.code(), Code::resource_exhausted);
  EXPECT_NE(refused.error().text.find("1048576 bytes at most (ulimit -f)"), std::string::npos) << refused.error().text;
}

TEST(Segment, WhatIsReadOnlyForOthersCannotBeWritten) {
  auto segment = Segment::create("test", 4096, Protection::read_only);
  ASSERT_TRUE(segment.ok());
  segment->data()[0] = 'x';
  EXPECT_NE(::pwrite(segment->fd(), "y", 1, 0), 1);
  EXPECT_FALSE(Segment::adopt(copy_of(segment->fd()), 4096).ok());
  auto seen = Segment::adopt(copy_of(segment->fd()), 4096, Protection::read_only);
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->data()[0], 'x');
  EXPECT_NE(::mprotect(seen->data(), 4096, PROT_READ | PROT_WRITE), 0);
}

TEST(Segment, RefusesWhatCouldFault) {
  EXPECT_EQ(Segment::adopt(UniqueFd(), 4096).code(), Code::invalid_argument);
  auto small = Segment::create("test", 4096);
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(Segment::adopt(copy_of(small->fd()), 4097).code(), Code::invalid_argument);
  EXPECT_EQ(Segment::adopt(copy_of(small->fd()), 0).code(), Code::invalid_argument);
  UniqueFd unsealed(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), 8192), 0);
  EXPECT_EQ(Segment::adopt(std::move(unsealed), 8192).code(), Code::invalid_argument);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd other(ends[1]);
  EXPECT_EQ(Segment::adopt(UniqueFd(ends[0]), 1).code(), Code::invalid_argument);
}

TEST(Segment, TooMuchIsAnError) {
  EXPECT_FALSE(Segment::create("test", 0).ok());
  EXPECT_EQ(Segment::create("test", std::size_t{1} << 62).ok(), false);
}

}  // namespace
}  // namespace chi::shm
