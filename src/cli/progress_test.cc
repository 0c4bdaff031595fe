// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/progress.h"

#include <gtest/gtest.h>

namespace chi::cli {
namespace {

TEST(ProgressBar, ShowsThePartOfAKnownWhole) {
  EXPECT_EQ(progress_bar(0, 100, 0, 10), "[----------]   0 %");
  EXPECT_EQ(progress_bar(50, 100, 0, 10), "[#####-----]  50 %");
  EXPECT_EQ(progress_bar(100, 100, 0, 10), "[##########] 100 %");
  EXPECT_EQ(progress_bar(200, 100, 0, 10), "[##########] 100 %");  // a file that grew meanwhile
}

TEST(ProgressBar, MovesToAndFroWhereTheWholeIsNotKnown) {
  EXPECT_EQ(progress_bar(5, 0, 0, 10), "[###-------]");
  EXPECT_EQ(progress_bar(5, 0, 7, 10), "[-------###]");
  EXPECT_EQ(progress_bar(5, 0, 8, 10), "[------###-]");
  for (unsigned step = 0; step < 100; ++step) EXPECT_EQ(progress_bar(5, 0, step).size(), 32u);
}

}  // namespace
}  // namespace chi::cli
