// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/demo_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace chi::cli {
namespace {

using Records = std::vector<std::pair<std::string, std::string>>;

// A reader that gets the text in pieces of this size.
RecordReader reader_of(std::string text, std::size_t piece) {
  return RecordReader([text = std::move(text), piece, at = std::size_t{0}](char* to, std::size_t size) mutable {
    const std::size_t part = std::min({piece, size, text.size() - at});
    std::memcpy(to, text.data() + at, part);
    at += part;
    return Result<std::size_t>(part);
  });
}

Result<Records> read_all(const std::string& text, std::size_t piece = 1 << 20) {
  RecordReader reader = reader_of(text, piece);
  Records out;
  for (;;) {
    DemoRecord record;
    const Result<bool> is_there = reader.next(record);
    if (!is_there.ok()) return is_there.error();
    if (!*is_there) {
      EXPECT_EQ(reader.bytes(), text.size());
      return out;
    }
    out.emplace_back(record.key, record.text);
  }
}

TEST(RecordReader, TakesParagraphsApart) {
  const std::string first = "Package: a\nDescription: one\n more of it\n .\n and more\n";
  const std::string second = "Version: 2\nPackage:  b.c-d \nPackage: other\n";
  const Records expected{{"a", first}, {"b.c-d", second}};
  EXPECT_EQ(read_all(first + "\n" + second).value(), expected);
  EXPECT_EQ(read_all("\n\n" + first + "\n \t\n\n" + second + "\n\n").value(), expected);
}

TEST(RecordReader, GivesTheSameInWhateverPiecesItComes) {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += "Package: p" + std::to_string(i) + "\nX: " + std::string(static_cast<std::size_t>(i) * 7, 'x') + "\n\n";
  }
  text += "Package: last\nwithout: an end";
  const Records whole = read_all(text).value();
  ASSERT_EQ(whole.size(), 51u);
  EXPECT_EQ(whole.back().second, "Package: last\nwithout: an end");
  for (std::size_t piece : {1, 2, 3, 7, 64, 1000}) EXPECT_EQ(read_all(text, piece).value(), whole) << piece;
}

TEST(RecordReader, TakesLinesThatEndAsOnOtherSystems) {
  const Records expected{{"a", "Package: a\r\n"}, {"b", "Package: b\r\n"}};
  EXPECT_EQ(read_all("Package: a\r\n\r\nPackage: b\r\n").value(), expected);
}

TEST(RecordReader, OfNothingGivesNothing) {
  EXPECT_TRUE(read_all("").value().empty());
  EXPECT_TRUE(read_all("\n\n \n").value().empty());
}

TEST(RecordReader, NamesTheLineOfWhatIsNoRecord) {
  const auto wrong = read_all("Package: a\n\nVersion: 1\n\nPackage: b\n");
  EXPECT_EQ(wrong.code(), Code::invalid_argument);
  EXPECT_NE(wrong.error().text.find("line 4"), std::string::npos) << wrong.error().text;
  EXPECT_EQ(read_all("Package:\n").code(), Code::invalid_argument);
  EXPECT_EQ(read_all("Package: " + std::string(5000, 'k')).code(), Code::invalid_argument);
  EXPECT_EQ(read_all(std::string(RecordReader::kMaxRecord * 2, '\0')).code(), Code::invalid_argument);
  EXPECT_EQ(read_all("Package: a\nX: " + std::string(RecordReader::kMaxRecord * 2, 'x')).code(),
            Code::invalid_argument);
}

TEST(RecordReader, PassesOnWhatReadingFailsWith) {
  RecordReader reader([](char*, std::size_t) { return Result<std::size_t>(Code::permission_denied, "no"); });
  DemoRecord record;
  EXPECT_EQ(reader.next(record).code(), Code::permission_denied);
}

}  // namespace
}  // namespace chi::cli
