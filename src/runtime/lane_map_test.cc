// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Room in the lane map, and that nobody else can write it.
#include "runtime/lane_map.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace chi::runtime {
namespace {

TEST(LaneMap, GivesRoomAndTakesItBack) {
  auto lanes = LaneMapPublisher::create(2, 7);
  ASSERT_TRUE(lanes.ok()) << lanes.error().to_string();
  auto a = (*lanes)->allocate(100);
  auto b = (*lanes)->allocate(shm::LaneMap::kEntries - 100);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ((*lanes)->allocate(1).code(), Code::resource_exhausted);
  (*lanes)->map().entries[*a + 5].store(shm::LaneMap::entry(1, 9));
  (*lanes)->release(*a, 100);
  EXPECT_EQ((*lanes)->map().entries[*a + 5].load(), 0U);
  (*lanes)->release(*b, shm::LaneMap::kEntries - 100);
  EXPECT_TRUE((*lanes)->allocate(shm::LaneMap::kEntries).ok());
}

TEST(LaneMap, CanBeMappedByOthersForReadingOnly) {
  auto lanes = LaneMapPublisher::create(2, 7);
  ASSERT_TRUE(lanes.ok());
  const int fd = (*lanes)->fd();
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  ASSERT_NE(page, MAP_FAILED);
  EXPECT_EQ(static_cast<shm::LaneMap*>(page)->incarnation, 7U);
  EXPECT_NE(::mprotect(page, 4096, PROT_READ | PROT_WRITE), 0);
  ::munmap(page, 4096);
}

}  // namespace
}  // namespace chi::runtime
