// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The Store contract, tried on MemoryStore.
#include "store/memory_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace chi {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs scan(const Store& store, std::string_view prefix) {
  Pairs out;
  EXPECT_TRUE(store.scan(prefix, [&](std::string_view key, std::string_view value) {
    out.emplace_back(key, value);
    return true;
  }));
  return out;
}

TEST(MemoryStore, GivesWhatWasWritten) {
  MemoryStore store;
  std::string binary("\0\xff\n", 3);
  ASSERT_TRUE(store.write(WriteBatch().put("a", "1").put(binary, binary).put("empty", ""), Sync::yes));
  EXPECT_EQ(*store.get("a"), "1");
  EXPECT_EQ(*store.get(binary), binary);
  EXPECT_EQ(*store.get("empty"), "");
  EXPECT_EQ(*store.get("b"), std::nullopt);
}

TEST(MemoryStore, LastChangeToAKeyWins) {
  MemoryStore store;
  ASSERT_TRUE(store.write(WriteBatch().put("a", "1").erase("a").put("a", "2").put("b", "1").erase("b"), Sync::no));
  EXPECT_EQ(*store.get("a"), "2");
  EXPECT_EQ(*store.get("b"), std::nullopt);
}

TEST(MemoryStore, ScansAPrefixInOrderOfUnsignedBytes) {
  MemoryStore store;
  ASSERT_TRUE(store.write(WriteBatch().put("p/\xff", "3").put("p/b", "2").put("p/a", "1").put("p", "0").put("q", "4"),
                          Sync::no));
  EXPECT_EQ(scan(store, "p/"), (Pairs{{"p/a", "1"}, {"p/b", "2"}, {"p/\xff", "3"}}));
  EXPECT_EQ(scan(store, "").size(), 5U);
  EXPECT_TRUE(scan(store, "r").empty());
}

TEST(MemoryStore, ScanStopsWhenTheVisitorHasEnough) {
  MemoryStore store;
  ASSERT_TRUE(store.write(WriteBatch().put("a", "").put("b", "").put("c", ""), Sync::no));
  int seen = 0;
  ASSERT_TRUE(store.scan("", [&](std::string_view, std::string_view) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST(MemoryStore, ReadersNeverSeeHalfABatch) {
  MemoryStore store;
  ASSERT_TRUE(store.write(WriteBatch().put("a", "0").put("b", "0"), Sync::no));
  std::atomic<bool> over = false;
  std::thread writer([&] {
    for (int i = 1; i < 2000; ++i) {
      std::string value = std::to_string(i);
      EXPECT_TRUE(store.write(WriteBatch().put("a", value).put("b", value), Sync::no));
    }
    over = true;
  });
  while (!over) {
    Pairs both = scan(store, "");
    ASSERT_EQ(both.size(), 2U);
    ASSERT_EQ(both[0].second, both[1].second);
  }
  writer.join();
}

}  // namespace
}  // namespace chi
