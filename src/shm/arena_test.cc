// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "shm/arena.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace chi::shm {
namespace {

TEST(Arena, FreedNeighboursServeALargerRequest) {
  Arena arena(1 << 20);
  std::vector<std::uint64_t> offsets;
  while (auto offset = arena.allocate(4096)) offsets.push_back(*offset);
  EXPECT_EQ(offsets.size(), 256U);
  EXPECT_EQ(arena.used(), 1U << 20);
  // Every second one first, so that each later free joins two neighbours.
  for (std::size_t i = 0; i < offsets.size(); i += 2) EXPECT_TRUE(arena.free(offsets[i], 4096));
  EXPECT_FALSE(arena.allocate(8192).has_value());
  for (std::size_t i = 1; i < offsets.size(); i += 2) EXPECT_TRUE(arena.free(offsets[i], 4096));
  EXPECT_EQ(arena.used(), 0U);
  EXPECT_EQ(arena.allocate(1 << 20), 0U);
}

TEST(Arena, LargeRangesBeginAtAPageWhereThereIsRoom) {
  Arena arena(1 << 20);
  std::map<std::uint64_t, std::uint64_t> held;
  for (std::uint64_t size : {64, 4096, 100, 5000, 4095, 70'000, 1, 4096}) {
    const auto offset = arena.allocate(size);
    ASSERT_TRUE(offset.has_value());
    if (size >= 4096) {
      EXPECT_EQ(*offset % 4096, 0U) << size;
    }
    held[*offset] = size;
  }
  // What was left out before a page is used by small ones.
  const auto small = arena.allocate(2000);
  ASSERT_TRUE(small.has_value());
  EXPECT_LT(*small, held.rbegin()->first);
  EXPECT_TRUE(arena.free(*small, 2000));
  for (auto& [offset, size] : held) EXPECT_TRUE(arena.free(offset, size));
  // Where no page will do, any place does.
  ASSERT_EQ(arena.allocate(64), 0U);
  const std::uint64_t rest = (1 << 20) - 64;
  EXPECT_EQ(arena.allocate(rest), 64U);
  EXPECT_TRUE(arena.free(64, rest));
  EXPECT_TRUE(arena.free(0, 64));
  EXPECT_EQ(arena.allocate(1 << 20), 0U);
}

TEST(Arena, WrongFreesChangeNothing) {
  Arena arena(1 << 16);
  auto offset = arena.allocate(1000);
  ASSERT_TRUE(offset.has_value());
  EXPECT_FALSE(arena.free(*offset, 999));
  EXPECT_FALSE(arena.free(*offset, 1001));
  EXPECT_FALSE(arena.free(*offset + 64, 1000));
  EXPECT_FALSE(arena.free(*offset + 1, 1000));
  EXPECT_FALSE(arena.free(1 << 16, 1));
  EXPECT_FALSE(arena.free(~std::uint64_t{0} - 63, 1000));
  EXPECT_FALSE(arena.free(*offset, ~std::uint64_t{0}));
  EXPECT_TRUE(arena.holds(*offset, 1000));
  EXPECT_TRUE(arena.free(*offset, 1000));
  EXPECT_FALSE(arena.free(*offset, 1000));
  EXPECT_EQ(arena.used(), 0U);
}

TEST(Arena, SizesAtTheEdges) {
  Arena none(63);
  EXPECT_FALSE(none.allocate(1).has_value());
  Arena one(64);
  EXPECT_FALSE(one.allocate(65).has_value());
  EXPECT_EQ(one.allocate(0), 0U);
  EXPECT_FALSE(one.allocate(0).has_value());
  EXPECT_FALSE(one.allocate(~std::uint64_t{0}).has_value());
  EXPECT_TRUE(one.free(0, 0));
  EXPECT_EQ(one.allocate(64), 0U);
}

// Ranges never overlap, whatever order they come and go in, and in the end everything is one range again.
TEST(Arena, RandomUse) {
  std::mt19937_64 random(7);
  constexpr std::uint64_t kSize = 8 << 20;
  Arena arena(kSize);
  std::map<std::uint64_t, std::uint64_t> held;  // offset to size
  std::uint64_t failures = 0;
  for (int step = 0; step < 100'000; ++step) {
    if (random() % 2 || held.empty()) {
      std::uint64_t size = random() % (std::uint64_t{1} << (random() % 19));
      auto offset = arena.allocate(size);
      if (!offset) {
        ++failures;
        continue;
      }
      std::uint64_t end = *offset + std::max<std::uint64_t>(size, 1);
      ASSERT_EQ(*offset % Arena::kAlignment, 0U);
      ASSERT_LE(end, kSize);
      auto next = held.lower_bound(*offset);
      if (next != held.end()) {
        ASSERT_LE(end, next->first);
      }
      if (next != held.begin()) {
        ASSERT_LE(std::prev(next)->first + std::prev(next)->second, *offset);
      }
      held[*offset] = size;
    } else {
      auto each = held.lower_bound(random() % kSize);
      if (each == held.end()) each = held.begin();
      ASSERT_TRUE(arena.free(each->first, each->second));
      held.erase(each);
    }
  }
  for (auto& [offset, size] : held) ASSERT_TRUE(arena.free(offset, size));
  EXPECT_EQ(arena.used(), 0U);
  EXPECT_EQ(arena.allocate(kSize), 0U);
  EXPECT_LT(failures, 5'000U);
}

}  // namespace
}  // namespace chi::shm
