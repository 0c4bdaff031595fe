// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/demo_expectation.h"

#include <gtest/gtest.h>

namespace chi::cli {
namespace {

using Keys = std::vector<std::string>;

TEST(DemoExpectation, WorksOutTheAggregates) {
  DemoExpectation expected;
  expected.add("a", "Package: a\nSection: games\nInstalled-Size: 10\n");
  expected.add("b", "Package: b\nSection:  games \nInstalled-Size: 32\nSection: other\n");
  expected.add("c", "Package: c\nSection: libs\nInstalled-Size: many\n");
  expected.add("d", "Package: d\nInstalled-Size: 7\n Section: continued\n");
  EXPECT_EQ(expected.count(), 4u);
  const std::map<std::string, std::uint64_t, std::less<>> tally{{"games", 2}, {"libs", 1}};
  EXPECT_EQ(expected.tally(), tally);
  const std::map<std::string, DemoExpectation::Total> sums{{"games", {42, 2}}};
  EXPECT_EQ(expected.sums(), sums);
}

TEST(DemoExpectation, OfEqualKeysTheLastOneCounts) {
  DemoExpectation expected;
  expected.add("a", "Section: old\n");
  expected.add("a", "Section: new\n");
  EXPECT_EQ(expected.count(), 1u);
  EXPECT_EQ(expected.tally().count("old"), 0u);
  EXPECT_TRUE(expected.holds("a", "Section: new\n"));
  EXPECT_FALSE(expected.holds("a", "Section: old\n"));
  EXPECT_FALSE(expected.holds("b", "Section: new\n"));
}

TEST(DemoExpectation, CountsMatchesByHand) {
  const std::pair<const char*, bool> cases[] = {{"Depends: python3.11", true},
                                                {"python3.11-minimal (>= 3)", true},
                                                {"a python3.1\n", true},
                                                {"python3", false},
                                                {"python3.", false},
                                                {"python3.x", false},
                                                {"python3.11dev", false},
                                                {"xpython3.11", false},
                                                {"libpython3.11", false},
                                                {"_python3.11", false},
                                                {"lib-python3.9,", true},
                                                {"python3.11_x", false},
                                                {"xpython3.1 python3.12", true},
                                                {"python3.11.2", true},
                                                {"", false}};
  std::uint64_t matches = 0;
  DemoExpectation expected;
  for (const auto& [text, matched] : cases) {
    DemoExpectation one;
    one.add("k", text);
    EXPECT_EQ(one.matches(), matched ? 1u : 0u) << text;
    expected.add(text, text);
    matches += matched;
  }
  EXPECT_EQ(expected.matches(), matches);
}

TEST(DemoExpectation, FindsAPrefixThatSomeKeysHave) {
  DemoExpectation expected;
  for (const char* key : {"libc6", "python3-six", "python3-yaml", "zsh"}) expected.add(key, "");
  EXPECT_EQ(expected.prefix(), "python3-");
  EXPECT_EQ(expected.keys_with("python3-"), (Keys{"python3-six", "python3-yaml"}));
  EXPECT_EQ(expected.keys_with("q"), Keys{});
  DemoExpectation others;
  for (const char* key : {"ab", "acd", "ace", "x"}) others.add(key, "");
  EXPECT_EQ(others.keys_with(others.prefix()), (Keys{"acd", "ace"}));
}

}  // namespace
}  // namespace chi::cli
