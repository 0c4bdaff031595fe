// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "../src/lines.h"

#include <gtest/gtest.h>

namespace kv {
namespace {

std::optional<std::string_view> find(std::string_view name, std::string_view text) {
  return LineFinder::of(name).value().find(text);
}

TEST(LineFinder, FindsALineWhereverItIs) {
  EXPECT_EQ(find("Section", "Section: games\nSize: 3\n"), "games");
  EXPECT_EQ(find("Size", "Section: games\nSize: 3\n"), "3");
  EXPECT_EQ(find("Size", "Section: games\nSize: 3"), "3");
  EXPECT_EQ(find("Size", "Size:3"), "3");
}

TEST(LineFinder, TakesTheFirstOfSeveral) { EXPECT_EQ(find("A", "A: 1\nA: 2\n"), "1"); }

TEST(LineFinder, TakesBlanksAwayAndKeepsWhatIsWithin) {
  EXPECT_EQ(find("A", "A: \t one: two \t\r\nB: 3"), "one: two");
  EXPECT_EQ(find("A", "A:\nB: 3"), "");
  EXPECT_EQ(find("A", "A:"), "");
}

TEST(LineFinder, IsNotMisledByWhatLooksAlike) {
  EXPECT_EQ(find("Size", "Installed-Size: 5\n"), std::nullopt);
  EXPECT_EQ(find("Size", " Size: 5\n"), std::nullopt);
  EXPECT_EQ(find("Size", "Sizes: 5\n"), std::nullopt);
  EXPECT_EQ(find("Size", "size: 5\n"), std::nullopt);
  EXPECT_EQ(find("Size", "Size 5\n"), std::nullopt);
  EXPECT_EQ(find("Size", ""), std::nullopt);
}

TEST(LineFinder, RefusesNamesThatNoLineHas) {
  for (const char* name : {"", "a:b", "a\nb"}) {
    EXPECT_EQ(LineFinder::of(name).code(), chi::Code::invalid_argument) << name;
  }
}

TEST(WholeNumber, TakesWhatIsOneAndNothingElse) {
  EXPECT_EQ(whole_number("0"), 0);
  EXPECT_EQ(whole_number("-17"), -17);
  EXPECT_EQ(whole_number("+17"), 17);
  EXPECT_EQ(whole_number("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", "+", "-", "+-1", "1 2", "1.5", "0x1", "9223372036854775808", "abc", " 1"}) {
    EXPECT_EQ(whole_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace kv
