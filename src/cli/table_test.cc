// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What tables look like, and that nothing in a cell reaches the terminal as a command.
#include "cli/table.h"

#include <gtest/gtest.h>

namespace chi::cli {
namespace {

TEST(Table, AlignsTextLeftAndNumbersRight) {
  Table table({"pool", "containers"});
  table.add({"inventory", "8"});
  table.add({"kv", "128"});
  EXPECT_EQ(table.text(),
            "pool       containers\n"
            "inventory           8\n"
            "kv                128\n");
}

TEST(Table, PutsAHeaderOnlyWhereThereAreNoRows) { EXPECT_EQ(Table({"a", "b"}).text(2), "  a  b\n"); }

TEST(Table, FillsUpShortRowsAndDropsSurplusCells) {
  Table table({"a", "b"});
  table.add({"x"});
  table.add({"y", "z", "surplus"});
  EXPECT_EQ(table.text(), "a  b\nx\ny  z\n");
}

TEST(Table, CountsCodePointsNotBytes) {
  Table table({"name", "n"});
  table.add({"\xc3\xa4\xc3\xb6", "1"});
  table.add({"abc", "2"});
  EXPECT_EQ(table.text(), "name  n\n\xc3\xa4\xc3\xb6    1\nabc   2\n");
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
}

TEST(Human, Durations) {
  EXPECT_EQ(human_duration(8.46), "8.5 s");
  EXPECT_EQ(human_duration(723), "12m 3s");
  EXPECT_EQ(human_duration(7500), "2h 5m");
  EXPECT_EQ(human_duration(3 * 86400 + 4 * 3600), "3d 4h");
  EXPECT_EQ(human_duration(-1), "0.0 s");
}

TEST(Human, Latencies) {
  EXPECT_EQ(human_latency(0), "0 ns");
  EXPECT_EQ(human_latency(850.4), "850 ns");
  EXPECT_EQ(human_latency(12'340), "12.3 us");
  EXPECT_EQ(human_latency(4.5e6), "4.5 ms");
  EXPECT_EQ(human_latency(2e9), "2.0 s");
}

TEST(Human, Sizes) {
  EXPECT_EQ(human_size(512), "512 B");
  EXPECT_EQ(human_size(1.5 * (1 << 20)), "1.5 MiB");
}

TEST(Human, Counts) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1000), "1,000");
  EXPECT_EQ(human_count(1234567), "1,234,567");
}

}  // namespace
}  // namespace chi::cli
