// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Names, units and did-you-mean.
#include "base/text.h"

#include <chimaera/size.h>
#include <gtest/gtest.h>

#include <vector>

namespace chi {
namespace {

TEST(Text, KnowsIdentifiers) {
  for (const char* good : {"kv", "a", "TASK_NAME", "x9_"}) EXPECT_TRUE(is_identifier(good)) << good;
  for (const char* bad : {"", "9a", "_a", "a-b", "a/b", "..", "a b", "\xc3\xa4"})
    EXPECT_FALSE(is_identifier(bad)) << bad;
  EXPECT_TRUE(is_identifier(std::string(kMaxNameLength, 'a')));
  EXPECT_FALSE(is_identifier(std::string(kMaxNameLength + 1, 'a')));
  EXPECT_FALSE(is_identifier(std::string_view("a\0b", 3)));
}

TEST(Text, KnowsPoolNames) {
  const std::string longest(64, 'x');
  for (const std::string& good : {std::string("inventory"), std::string("a-b.c_d"), std::string("9lives"), longest}) {
    EXPECT_TRUE(check_pool_name(good)) << good;
    EXPECT_TRUE(check_daemon_name(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("--"), std::string("-x"), std::string("_x"),
        std::string("a/3"), std::string("a b"), std::string("\xc3\xbc"), std::string("a\0b", 3), longest + "x"}) {
    EXPECT_FALSE(check_pool_name(bad)) << bad;
    EXPECT_FALSE(check_daemon_name(bad)) << bad;
  }
  EXPECT_TRUE(check_daemon_name("admin"));
  EXPECT_EQ(check_pool_name("admin").error().text,
            "'admin' cannot name a pool: it must be " + std::string(kPoolNameRule));
  EXPECT_EQ(check_pool_name(longest + "xx").error().text,
            "'" + longest + "'... (66 bytes) cannot name a pool: it must be " + std::string(kPoolNameRule));
}

TEST(Text, ReadsDurations) {
  EXPECT_EQ(*parse_duration("50us"), 50'000U);
  EXPECT_EQ(*parse_duration("1.5s"), 1'500'000'000U);
  EXPECT_EQ(*parse_duration("2m"), 120'000'000'000U);
  EXPECT_EQ(*parse_duration("0"), 0U);
  EXPECT_EQ(*parse_duration("7ns"), 7U);
  for (const char* bad : {"", "5", "us", "-5us", "5 us", "5US", "1.s", ".5s", "1e3s", "5us ", "nan"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
  EXPECT_FALSE(parse_duration("99999999999999999999s"));
  EXPECT_FALSE(parse_duration("9999999999h"));
  EXPECT_FALSE(parse_duration("9999999999.5h"));
}

TEST(Text, ReadsSizes) {
  EXPECT_EQ(*parse_size("64MiB"), 64U << 20);
  EXPECT_EQ(*parse_size("64M"), 64U << 20);
  EXPECT_EQ(*parse_size("64MB"), 64'000'000U);
  EXPECT_EQ(*parse_size("512"), 512U);
  EXPECT_EQ(*parse_size("512B"), 512U);
  EXPECT_EQ(*parse_size("1.5KiB"), 1536U);
  for (const char* bad : {"", "MiB", "1.5", "64 MiB", "64mib", "0x10", "-1", "18446744073709551616", "9999999TiB"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(Text, PrintsSizesThatItReads) {
  EXPECT_EQ(format_size(std::uint64_t{1} << 30), "1GiB");
  EXPECT_EQ(format_size(1536), "1536B");
  EXPECT_EQ(format_size(0), "0");
  for (std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1500}, std::uint64_t{1} << 40}) {
    EXPECT_EQ(*parse_size(format_size(value)), value);
  }
}

TEST(Text, GuessesWhatWasMeant) {
  std::vector<std::string> known{"workers", "spin", "poll", "memory_limit"};
  EXPECT_EQ(closest("worker", known), "workers");
  EXPECT_EQ(closest("sipn", known), "spin");
  EXPECT_EQ(closest("Memory_Limit", known), "memory_limit");
  EXPECT_EQ(closest("banana", known), "");
  EXPECT_EQ(closest("x", known), "");
  EXPECT_EQ(closest("", known), "");
  EXPECT_EQ(closest(std::string(100'000, 'w'), known), "");
  EXPECT_EQ(did_you_mean("polll", known), "; did you mean 'poll'?");
  EXPECT_EQ(did_you_mean("banana", known), "");
}

TEST(Text, ListsAreBounded) {
  std::vector<std::string> names{"a", "b", "c"};
  EXPECT_EQ(list_of(names), "a, b, c");
  EXPECT_EQ(list_of(names, 1), "a and 2 more");
  EXPECT_EQ(list_of({}), "none");
}

TEST(TextTest, ListsOfCpusAreShort) {
  EXPECT_EQ(format_ranges({}), "none");
  EXPECT_EQ(format_ranges(std::vector<std::uint32_t>{5}), "5");
  EXPECT_EQ(format_ranges(std::vector<std::uint32_t>{0, 1}), "0-1");
  EXPECT_EQ(format_ranges(std::vector<std::uint32_t>{0, 1, 2, 3, 6, 8, 9}), "0-3,6,8-9");
}

}  // namespace
}  // namespace chi
