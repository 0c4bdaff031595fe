// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/screen.h"

#include <gtest/gtest.h>

namespace chi::cli {
namespace {

TEST(ScreenPicture, OverwritesEachLineAndWhatIsBelow) {
  EXPECT_EQ(screen_picture("one\ntwo\n", 24, 80), "\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J");
  EXPECT_EQ(screen_picture("", 24, 80), "\x1b[H\x1b[J");
}

TEST(ScreenPicture, KeepsToTheWindow) {
  EXPECT_EQ(screen_picture("12345\n2\n3\n", 2, 3), "\x1b[H123\x1b[K\r\n2\x1b[K\x1b[J");
  EXPECT_EQ(screen_picture("äöü", 1, 2), "\x1b[Häö\x1b[K\x1b[J") << "characters stay whole";
}

}  // namespace
}  // namespace chi::cli
