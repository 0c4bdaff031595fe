// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Structs that grow: old and new readers and senders understand each other, or say that they do not.
#include <chimaera/codec.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/sample_types.h"

namespace chi {
namespace {

struct OldItem {
  std::string name;
};
struct NewItem {
  static constexpr Version kVersion{2, 1};
  std::string name;
  std::uint32_t size = 77;
  std::vector<std::string> tags = {"none"};
};
struct OldPut {
  std::vector<OldItem> items;
  std::uint32_t last = 0;
};
struct NewPut {
  static constexpr Version kVersion{2, 1};
  std::vector<NewItem> items;
  std::uint32_t last = 0;
  std::optional<std::string> more = "default";
};
struct BrokenPut {
  static constexpr Version kVersion{3, 3};
  std::uint64_t all_is_new = 0;
};
struct FlatOld {
  std::uint32_t a = 0;
};
struct FlatNew {
  std::uint32_t a = 0;
  std::uint32_t b = 5;
};

TEST(Version, NewReadsOld) {
  auto read = decode_from<NewPut>(encode_to_string(OldPut{{{"x"}, {"y"}}, 9})).value();
  ASSERT_EQ(read.items.size(), 2u);
  EXPECT_EQ(read.items[1].name, "y");
  EXPECT_EQ(read.items[1].size, 77u);
  EXPECT_EQ(read.items[1].tags, std::vector<std::string>{"none"});
  EXPECT_EQ(read.last, 9u);
  EXPECT_EQ(read.more, "default");
}

TEST(Version, OldReadsNew) {
  auto read = decode_from<OldPut>(encode_to_string(NewPut{{{"x", 1, {"t"}}, {"y", 2, {}}}, 9, std::nullopt})).value();
  ASSERT_EQ(read.items.size(), 2u);
  EXPECT_EQ(read.items[0].name, "x");
  EXPECT_EQ(read.items[1].name, "y");
  EXPECT_EQ(read.last, 9u);
}

TEST(Version, FlatStructsGrowToo) {
  EXPECT_EQ(decode_from<FlatNew>(encode_to_string(FlatOld{3})).value().b, 5u);
  EXPECT_EQ(decode_from<FlatNew>(encode_to_string(FlatOld{3})).value().a, 3u);
  EXPECT_EQ(decode_from<FlatOld>(encode_to_string(FlatNew{4, 6})).value().a, 4u);
}

TEST(Version, EmptyStructsGrowToo) {
  EXPECT_EQ(decode_from<FlatNew>(encode_to_string(sample::Nothing{})).value().b, 5u);
  EXPECT_TRUE(decode_from<sample::Nothing>(encode_to_string(FlatNew{})).ok());
}

TEST(Version, AReaderThatIsTooOldIsRefused) {
  struct Nested {
    BrokenPut inside;
  };
  struct OldNested {
    OldPut inside;
  };
  auto top = decode_from<OldPut>(encode_to_string(BrokenPut{}));
  ASSERT_FALSE(top.ok());
  EXPECT_EQ(top.code(), Code::failed_precondition);
  EXPECT_THAT(top.error().text, testing::HasSubstr("newer reader"));
  auto nested = decode_from<OldNested>(encode_to_string(Nested{}));
  ASSERT_FALSE(nested.ok());
  EXPECT_EQ(nested.code(), Code::failed_precondition);
  EXPECT_THAT(nested.error().text, testing::HasSubstr("'inside'"));
}

}  // namespace
}  // namespace chi
