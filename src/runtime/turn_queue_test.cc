// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Rows, turns, and what is taken out before its turn.
#include "runtime/turn_queue.h"

#include <gmock/gmock.h>

#include <deque>
#include <map>
#include <random>
#include <vector>

namespace chi::runtime {
namespace {

using testing::ElementsAre;

struct Item {
  std::uint64_t caller;
  int number;
  Item* next = nullptr;
};

class TurnQueueTest : public testing::Test {
 protected:
  Item& put(std::uint64_t caller, int number) {
    Item& item = items_.emplace_back(caller, number);
    queue_.push(&item);
    return item;
  }
  std::vector<int> take_all() {
    std::vector<int> out;
    while (const Item* item = queue_.pop()) out.push_back(item->number);
    EXPECT_TRUE(queue_.empty());
    return out;
  }

  TurnQueue<Item, &Item::next, &Item::caller> queue_;
  std::deque<Item> items_;
};

TEST_F(TurnQueueTest, OneCallersItemsStayInOrder) {
  EXPECT_EQ(queue_.pop(), nullptr);
  for (int i = 0; i < 5; ++i) put(7, i);
  EXPECT_EQ(queue_.size(), 5U);
  EXPECT_THAT(take_all(), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(TurnQueueTest, WhoHasFewWaitsForOneOfWhoHasMany) {
  for (int i = 0; i < 4; ++i) put(1, i);
  put(2, 100);
  put(3, 200);
  put(3, 201);
  EXPECT_THAT(take_all(), ElementsAre(0, 100, 200, 1, 201, 2, 3));
}

TEST_F(TurnQueueTest, WhoComesAgainStandsBehindTheOthers) {
  put(1, 0);
  put(1, 1);
  put(2, 100);
  EXPECT_EQ(queue_.pop()->number, 0);
  EXPECT_EQ(queue_.pop()->number, 100);
  put(2, 101);
  EXPECT_THAT(take_all(), ElementsAre(1, 101));
}

TEST_F(TurnQueueTest, ItemsAreTakenOutBeforeTheirTurn) {
  Item& first = put(1, 0);
  put(1, 1);
  Item& only = put(2, 100);
  Item elsewhere{2, 102};
  EXPECT_FALSE(queue_.remove(&elsewhere));
  EXPECT_TRUE(queue_.remove(&only));
  EXPECT_FALSE(queue_.remove(&only));
  EXPECT_TRUE(queue_.remove(&first));
  EXPECT_EQ(queue_.size(), 1U);
  put(2, 101);
  EXPECT_THAT(take_all(), ElementsAre(1, 101));
}

// Against a model, with callers that come and go.
TEST_F(TurnQueueTest, ManyCallersAtRandom) {
  std::mt19937 random(1);
  std::map<std::uint64_t, std::deque<Item*>> model;
  std::size_t size = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t caller = random() % (step / 4'000 % 2 == 0 ? 5 : 500);
    if (random() % 2 == 0 || size == 0) {
      model[caller].push_back(&put(caller, step));
      ++size;
    } else if (random() % 8 == 0) {
      auto& row = model[caller];
      if (row.empty()) continue;
      EXPECT_TRUE(queue_.remove(row.back()));
      row.pop_back();
      --size;
    } else {
      Item* item = queue_.pop();
      ASSERT_NE(item, nullptr);
      ASSERT_EQ(item, model[item->caller].front());
      model[item->caller].pop_front();
      --size;
    }
    ASSERT_EQ(queue_.size(), size);
  }
  EXPECT_EQ(take_all().size(), size);
}

}  // namespace
}  // namespace chi::runtime
