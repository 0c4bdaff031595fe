// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// key=value arguments, read by schema.
#include <chimaera/schema.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/sample_types.h"

namespace chi {
namespace {

using testing::HasSubstr;
using Fields = std::vector<std::pair<std::string, std::string>>;

Result<Json> read(std::string_view schema, const Fields& fields) {
  return fields_to_json(parse_schema(schema).value(), fields);
}

std::string problem(std::string_view schema, const Fields& fields) {
  auto result = read(schema, fields);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.code(), Code::invalid_argument);
  return result.ok() ? result->dump() : result.error().text;
}

TEST(Fields, ASizeMayHaveItsUnit) {
  EXPECT_EQ(read("(a:u64,b:u32,c:u64)", {{"a", "1GiB"}, {"b", "64K"}, {"c", "2MB"}}).value().dump(),
            R"({"a":1073741824,"b":65536,"c":2000000})");
  EXPECT_THAT(problem("(a:u64)", {{"a", "99999999T"}}), HasSubstr("expected u64, got '99999999T'"));
  EXPECT_THAT(problem("(b:u32)", {{"b", "4G"}}), HasSubstr("expected u32, got '4G'"));
  EXPECT_THAT(problem("(b:u8)", {{"b", "0K"}}), HasSubstr("expected u8"));
  EXPECT_THAT(problem("(b:i64)", {{"b", "1K"}}), HasSubstr("expected i64"));
}

TEST(Fields, AreReadByTheirType) {
  auto json = read("(s:string,u:u64,i:i8,f:f64,b:bool,e:enum(u8|red=1),l:[u16],n:[string],m:{string:u8},o:u8?,r:bytes)",
                   {{"s", "12"},
                    {"u", "18446744073709551615"},
                    {"i", "-0x80"},
                    {"f", "1e3"},
                    {"b", "true"},
                    {"e", "red"},
                    {"l", "1,2,0b11"},
                    {"n", R"(["a,b","c"])"},
                    {"m", R"({"x":1})"},
                    {"r", "a=b"}});
  ASSERT_TRUE(json.ok()) << json.error().text;
  EXPECT_EQ(json->dump(), R"({"s":"12","u":18446744073709551615,"i":-128,"f":1000.0,"b":true,"e":"red","l":[1,2,3],)"
                          R"("n":["a,b","c"],"m":{"x":1},"r":"a=b"})");
  EXPECT_EQ(read("(mode:u32,o:u8?)", {{"mode", "0o600"}, {"o", "7"}}).value().dump(), R"({"mode":384,"o":7})");
  EXPECT_EQ(read("()", {}).value().dump(), "{}");
}

TEST(Fields, EncodeToWhatTheStructWouldBe) {
  SchemaType type = parse_schema(schema_of<sample::Put>()).value();
  Encoder to;
  ASSERT_TRUE(json_to_wire(type, fields_to_json(type, {{"value", "red"}, {"key", "apple"}}).value(), to).ok());
  EXPECT_EQ(decode_message<sample::Put>(to.message()).value(), (sample::Put{"apple", "red"}));
}

TEST(Fields, UnknownOnesAreExplained) {
  const std::string text = problem("(key:string,value:bytes)", {{"kye", "x"}});
  EXPECT_THAT(text, HasSubstr("no field 'kye'; did you mean 'key'?"));
  EXPECT_THAT(text, HasSubstr("the fields are: key, value"));
}

TEST(Fields, MissingAndDoubleOnesAreNamed) {
  EXPECT_THAT(problem("(key:string,ttl:u32)", {{"key", "x"}}), HasSubstr("field 'ttl' is missing: u32"));
  EXPECT_THAT(problem("(key:string)", {{"key", "x"}, {"key", "y"}}), HasSubstr("field 'key' is given twice"));
}

TEST(Fields, WrongTextIsExplained) {
  EXPECT_THAT(problem("(n:u8)", {{"n", "x"}}), HasSubstr("field 'n': expected u8, got 'x'"));
  EXPECT_THAT(problem("(n:u8)", {{"n", ""}}), HasSubstr("expected u8, got ''"));
  EXPECT_THAT(problem("(n:u8)", {{"n", "1 "}}), HasSubstr("expected u8, got '1 '"));
  EXPECT_THAT(problem("(n:u8)", {{"n", "--1"}}), HasSubstr("expected u8"));
  EXPECT_THAT(problem("(n:u8)", {{"n", "256"}}), HasSubstr("256 is out of range: u8 goes from 0 to 255"));
  EXPECT_THAT(problem("(n:u8)", {{"n", "-1"}}), HasSubstr("-1 is out of range"));
  EXPECT_THAT(problem("(n:i64)", {{"n", "9223372036854775808"}}), HasSubstr("out of range"));
  EXPECT_EQ(read("(n:i64)", {{"n", "-9223372036854775808"}}).value().dump(), R"({"n":-9223372036854775808})");
  EXPECT_THAT(problem("(n:u64)", {{"n", "99999999999999999999"}}), HasSubstr("out of range"));
  EXPECT_THAT(problem("(n:u32)", {{"n", "0600"}}), HasSubstr("write 600 or 0o600"));
  EXPECT_THAT(problem("(b:bool)", {{"b", "1"}}), HasSubstr("expected true or false"));
  EXPECT_THAT(problem("(f:f32)", {{"f", "1e99"}}), HasSubstr("out of range of f32"));
  EXPECT_THAT(problem("(e:enum(u8|red=1|green=2))", {{"e", "gren"}}),
              HasSubstr("did you mean 'green'?; expected one of"));
  EXPECT_THAT(problem("(l:[u8])", {{"l", "1,300"}}), HasSubstr("300 is out of range"));
  EXPECT_THAT(problem("(p:(x:u8))", {{"p", "nope"}}), HasSubstr("expected object with x as JSON, got 'nope'"));
}

TEST(Fields, DeepJsonIsNoDanger) {
  const std::string deep(200000, '[');
  EXPECT_THAT(problem("(l:[[u8]])", {{"l", deep}}), HasSubstr("as JSON"));
  auto closed = read("(l:[[u8]])", {{"l", deep + std::string(200000, ']')}});
  ASSERT_TRUE(closed.ok());
  Encoder to;
  EXPECT_FALSE(json_to_wire(parse_schema("(l:[[u8]])").value(), *closed, to).ok());
}

}  // namespace
}  // namespace chi
