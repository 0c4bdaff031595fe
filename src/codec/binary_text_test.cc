// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// UTF-8, base64 and hexadecimal.
#include "codec/binary_text.h"

#include <gtest/gtest.h>

namespace chi {
namespace {

TEST(BinaryText, Utf8) {
  for (std::string_view good : {"", "a", "\u00e9", "\u20ac", "\U0001f600", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (std::string_view bad : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xe2\x82",
                               "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe9z"}) {
    EXPECT_FALSE(is_utf8(bad)) << to_base64(bad);
  }
  EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

TEST(BinaryText, Base64) {
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    EXPECT_EQ(from_base64(to_base64(all.substr(0, size))), all.substr(0, size));
  }
  for (std::string_view bad : {"A", "AA", "AAA", "A===", "====", "Zg=A", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "Zm9-"}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(BinaryText, Hex) {
  EXPECT_EQ(from_hex(""), "");
  EXPECT_EQ(from_hex("00fFa1"), std::string("\0\xff\xa1", 3));
  for (std::string_view bad : {"0", "0g", "0x00", "00 11", "-1"}) EXPECT_FALSE(from_hex(bad)) << bad;
}

}  // namespace
}  // namespace chi
