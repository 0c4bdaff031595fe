// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Schema text: what types say of themselves, and what the parser takes.
#include <chimaera/schema.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/sample_types.h"
#include "codec/schema_type.h"

namespace chi {
namespace {

using testing::HasSubstr;
using Kind = SchemaType::Kind;

TEST(Schema, TextOfTypes) {
  EXPECT_STREQ(schema_of<sample::Put>(), "(key:string,value:bytes)");
  EXPECT_STREQ(schema_of<sample::Nothing>(), "()");
  EXPECT_STREQ(schema_of<sample::Segment>(), "(from:(x:i32,y:i32),to:(x:i32,y:i32),middle:(x:i32,y:i32)?)");
  EXPECT_STREQ(schema_of<sample::Transfer>(), "(offset:u64,data:buffer,more:[buffer],note:bytes?)");
  EXPECT_STREQ(schema_of<sample::Numbers>(),
               "(flag:bool,i8:i8,u8:u8,i16:i16,u16:u16,i32:i32,u32:u32,i64:i64,u64:u64,f32:f32,f64:f64,"
               "color:enum(u8|red=0|green=7|blue=8),level:enum(i32|low=1|high=2))");
  EXPECT_STREQ((schema_of<std::map<std::string, std::array<std::pair<bool, float>, 12>>>()),
               "{string:[(0:bool,1:f32)*12]}");
  EXPECT_STREQ(schema_of<std::optional<std::set<std::uint16_t>>>(), "[u16]?");
}

// A type's tree must ask for as many bytes as the compiled decoder does.
template <class T>
void check_least() {
  auto type = parse_schema(schema_of<T>());
  ASSERT_TRUE(type.ok()) << type.error().text;
  EXPECT_EQ(type->least, detail::least_size<T>()) << schema_of<T>();
}

TEST(Schema, ParsesWhatTypesSay) {
  check_least<sample::Numbers>();
  check_least<sample::Collections>();
  check_least<sample::Transfer>();
  check_least<Error>();
  check_least<std::array<std::pair<bool, float>, 12>>();
  check_least<std::tuple<std::optional<int>, sample::Nothing, std::string>>();

  auto type = parse_schema(schema_of<sample::Collections>());
  ASSERT_TRUE(type.ok());
  EXPECT_EQ(type->kind, Kind::aggregate);
  ASSERT_EQ(type->of.size(), 16u);
  EXPECT_EQ(type->names[8], "map");
  EXPECT_EQ(type->of[8].kind, Kind::map);
  EXPECT_EQ(type->of[8].of[1].of[0].names[1], "y");
  EXPECT_EQ(type->of[11].count, 4u);
  EXPECT_EQ(type->of[14].kind, Kind::tuple);
  EXPECT_EQ(type->of[10].of[0].names, (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(type->of[10].of[0].values, (std::vector<std::int64_t>{0, 7, 8}));
}

TEST(Schema, DescribesTypesForPeople) {
  auto describe = [](std::string_view text) { return parse_schema(text).value().describe(); };
  EXPECT_EQ(describe("u32"), "u32");
  EXPECT_EQ(describe("[string]?"), "optional list of string");
  EXPECT_EQ(describe("{string:[u8*3]}"), "map of string to 3 of u8");
  EXPECT_EQ(describe("enum(u8|red=0|green=-7)"), "one of red, green");
  EXPECT_EQ(describe("(key:string,value:bytes)"), "object with key, value");
  EXPECT_EQ(describe("(0:string,1:u8)"), "tuple of 2");
}

TEST(Schema, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "x",
                           "(",
                           "(a",
                           "(a:",
                           "(a:u8",
                           "(a:u8,",
                           "(a:u8,)",
                           "(:u8)",
                           "(a:u8,a:u8)",
                           "(a b:u8)",
                           "[u8",
                           "[u8*]",
                           "[u8*0]",
                           "[u8*-1]",
                           "[u8*4294967296]",
                           "[]",
                           "{u8}",
                           "{u8:}",
                           "{u8:u8",
                           "enum()",
                           "enum(string)",
                           "enum(f32)",
                           "enum(u8|a)",
                           "enum(u8|a=)",
                           "enum(u8|a=x)",
                           "enum(u8|=1)",
                           "enum(u8|a=99999999999999999999)",
                           "u8?x",
                           "?",
                           "u8 ",
                           "(0:u8,2:u8)",
                           "(0:u8,a:u8)",
                           "(\xff:u8)",
                           "(\n:u8)"}) {
    auto type = parse_schema(text);
    EXPECT_FALSE(type.ok()) << text;
    if (!type.ok()) {
      EXPECT_THAT(type.error().text, HasSubstr("bad schema"));
    }
  }
}

TEST(Schema, RefusesWhatIsTooDeepOrTooLong) {
  auto nested = [](std::size_t n) { return std::string(n, '[') + "u8" + std::string(n, ']'); };
  EXPECT_TRUE(parse_schema(nested(kMaxSchemaDepth - 1)).ok());
  EXPECT_FALSE(parse_schema(nested(kMaxSchemaDepth)).ok());
  EXPECT_FALSE(parse_schema(std::string(60000, '[')).ok());
  EXPECT_TRUE(parse_schema("u8" + std::string(kMaxSchemaDepth - 1, '?')).ok());
  EXPECT_FALSE(parse_schema("u8" + std::string(kMaxSchemaDepth, '?')).ok());
  EXPECT_FALSE(parse_schema(nested(20).insert(0, "(a:").append(std::string(20, '?')).append(")")).ok());
  EXPECT_FALSE(parse_schema(std::string(kMaxSchemaText + 1, 'u')).ok());
  std::string many = "enum(u8";
  for (int i = 0; i < 2000; ++i) many += "|v" + std::to_string(i) + "=1";
  EXPECT_FALSE(parse_schema(many + ")").ok());
  EXPECT_TRUE(parse_schema("[[[(a:u8)*4294967295]*4294967295]*4294967295]").ok()) << "sizes must not overflow";
}

}  // namespace
}  // namespace chi
