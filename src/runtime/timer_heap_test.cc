// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Timers against a sorted list that does the same.
#include "runtime/timer_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace chi::runtime {
namespace {

TEST(TimerHeap, GivesTimersInOrderWhateverWasRemoved) {
  SeededRandom random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<TimerNode> nodes(200);
    TimerHeap heap;
    std::vector<std::uint64_t> expected;
    for (TimerNode& node : nodes) {
      node.at_ns = random.next() % 1000;
      heap.add(node);
    }
    for (TimerNode& node : nodes) {
      if (random.next() % 3 == 0) {
        heap.remove(node);
        EXPECT_FALSE(node.armed());
        heap.remove(node);  // of what is not there: nothing
      } else {
        expected.push_back(node.at_ns);
      }
    }
    std::sort(expected.begin(), expected.end());
    std::vector<std::uint64_t> got;
    while (TimerNode* node = heap.pop_due(~std::uint64_t{0})) got.push_back(node->at_ns);
    EXPECT_EQ(got, expected);
    EXPECT_TRUE(heap.empty());
  }
}

TEST(TimerHeap, GivesOnlyWhatIsDue) {
  TimerHeap heap;
  TimerNode early;
  TimerNode late;
  early.at_ns = 10;
  late.at_ns = 20;
  heap.add(late);
  heap.add(early);
  EXPECT_EQ(heap.next_ns(), 10U);
  EXPECT_EQ(heap.pop_due(9), nullptr);
  EXPECT_EQ(heap.pop_due(10), &early);
  EXPECT_EQ(heap.pop_due(19), nullptr);
  EXPECT_EQ(heap.pop_due(20), &late);
}

}  // namespace
}  // namespace chi::runtime
