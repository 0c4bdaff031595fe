// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The text form of domain queries.
#include <chimaera/domain.h>
#include <gtest/gtest.h>

namespace chi {
namespace {

Query parsed(std::string_view text) {
  Query out;
  EXPECT_TRUE(parse_query(text, out)) << text;
  return out;
}

TEST(Query, ReadsEveryForm) {
  EXPECT_EQ(parsed("all"), all());
  EXPECT_EQ(parsed("any"), any());
  EXPECT_EQ(parsed("local"), local());
  EXPECT_EQ(parsed("leader"), leader());
  EXPECT_EQ(parsed("automatic"), Query{});
  EXPECT_EQ(parsed("container:3"), container(3));
  EXPECT_EQ(parsed("node:4294967295"), node(4294967295U));
  EXPECT_EQ(parsed("range:0-3"), range(0, 4));
  EXPECT_EQ(parsed("range:2-2"), range(2, 1));
  EXPECT_EQ(parsed("range:7"), range(7, 1));
  EXPECT_EQ(parsed("range:7-"), range(7, 0));
  EXPECT_EQ(parsed("until"), until_success());
  EXPECT_EQ(parsed("until:0-3"), until_success(0, 4));
}

TEST(Query, HashesAKeyAsItsOwnerDoes) {
  EXPECT_EQ(parsed("hash:apple"), hash(hash_bytes("apple")));
  EXPECT_EQ(parsed("hash:a:b"), hash(hash_bytes("a:b")));
  EXPECT_EQ(parsed("hash:"), hash(hash_bytes("")));
  EXPECT_EQ(parsed("hash:#0123456789abcdef"), hash(0x0123456789abcdefU));
  EXPECT_EQ(parsed("hash:#123"), hash(hash_bytes("#123"))) << "only 16 digits are a hash itself";
}

TEST(Query, PrintsWhatItReads) {
  for (const Query& query :
       {Query{}, all(), any(), local(), leader(), container(0), container(4294967295U), node(7), range(0, 4),
        range(5, 0), range(0, 4294967295U), until_success(), until_success(1, 2), hash(0), hash(~std::uint64_t{0})}) {
    EXPECT_EQ(parsed(to_string(query)), query) << to_string(query);
  }
  EXPECT_EQ(to_string(range(0, 4)), "range:0-3");
  EXPECT_EQ(to_string(hash(0x0123456789abcdefU)), "hash:#0123456789abcdef");
}

TEST(Query, RefusesAnythingElseAndLeavesTheTargetAlone) {
  for (const char* text : {"",
                           "ALL",
                           "all ",
                           "everyone",
                           "container",
                           "container:",
                           "container:-1",
                           "container:+1",
                           "container:x",
                           "container:3 ",
                           "container:4294967296",
                           "node:",
                           "range:",
                           "range:-3",
                           "range:3-2",
                           "range:0-4294967295",
                           "range:1-2-3",
                           "until:",
                           "all:1",
                           "any:",
                           ":",
                           "hash"}) {
    Query out = container(42);
    EXPECT_FALSE(parse_query(text, out)) << text;
    EXPECT_EQ(out, container(42)) << text;
  }
}

}  // namespace
}  // namespace chi
