// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What people type, well and badly.
#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chi::cli {
namespace {

SchemaType schema(const char* text) { return parse_schema(text).value(); }

TEST(Fields, AreSplitAtTheFirstEqualsSign) {
  const auto fields = split_fields({"key=apple", "value=a=b", "empty="}).value();
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[0], std::make_pair(std::string("key"), std::string("apple")));
  EXPECT_EQ(fields[1].second, "a=b");
  EXPECT_EQ(fields[2].second, "");
}

TEST(Fields, WithoutAnEqualsSignAreRefusedByName) {
  for (const char* bad : {"apple", "=apple", ""}) {
    const auto fields = split_fields({bad});
    ASSERT_EQ(fields.code(), Code::invalid_argument) << bad;
    EXPECT_NE(fields.error().text.find("key=value"), std::string::npos);
  }
}

TEST(Request, FromFieldsOrFromJson) {
  const SchemaType type = schema("(key:string,count:u32)");
  EXPECT_EQ(request_json(type, {"key=a", "count=3"}, "").value(), Json::parse(R"({"key": "a", "count": 3})"));
  EXPECT_EQ(request_json(type, {}, R"({"key": "b"})").value(), Json::parse(R"({"key": "b"})"));
}

TEST(Request, RefusesBothAtOnceAndWhatIsNoJson) {
  const SchemaType type = schema("(key:string)");
  EXPECT_EQ(request_json(type, {"key=a"}, "{}").code(), Code::invalid_argument);
  const auto broken = request_json(type, {}, "{\"key\": ");
  ASSERT_EQ(broken.code(), Code::invalid_argument);
  EXPECT_NE(broken.error().text.find("no JSON"), std::string::npos);
}

TEST(Request, JsonIsOneDocumentWhoseFieldsAreThereOnce) {
  const SchemaType type = schema("(key:string)");
  for (const std::string bad : {R"({"key": "a", "key": "b"})", R"({"key": {"a": 1, "b": 2, "a": 3}})",
                                R"([{"a": 1, "a": 1}])", R"({"key": "a"} {})", R"({"key": "a"}x)", R"({"key": NaN})",
                                R"({"key": "a",})", "{'key': 1}", "// c\n{}", " ", "{\"key\": \"\xff\"}"}) {
    EXPECT_EQ(request_json(type, {}, bad).code(), Code::invalid_argument) << bad;
  }
  EXPECT_NE(request_json(type, {}, R"({"key": "a", "key": "b"})").error().text.find("'key' twice"), std::string::npos);
  EXPECT_TRUE(request_json(type, {}, R"([{"a": 1}, {"a": 1}, {"b": {"a": 1}, "a": 1}])").ok());
  EXPECT_EQ(request_json(type, {}, std::string(100'000, '[')).code(), Code::invalid_argument);
  EXPECT_EQ(request_json(type, {}, std::string((64U << 20) + 1, ' ') + "{}").code(), Code::invalid_argument);
}

TEST(Mode, IsOctal) {
  EXPECT_EQ(parse_mode("600").value(), 0600U);
  EXPECT_EQ(parse_mode("0644").value(), 0644U);
  EXPECT_EQ(parse_mode("0").value(), 0U);
  for (const char* bad : {"", "8", "1777", "rw", "-1", "77777", "0x6"}) {
    EXPECT_EQ(parse_mode(bad).code(), Code::invalid_argument) << bad;
  }
}

TEST(QueryText, IsTheLibrarysOwnOrNothing) {
  EXPECT_EQ(query_of("").value().kind, QueryKind::automatic);
  EXPECT_EQ(query_of("container:3").value(), chi::container(3));
  EXPECT_EQ(query_of("all").value(), chi::all());
  EXPECT_EQ(query_of("somewhere").code(), Code::invalid_argument);
}

}  // namespace
}  // namespace chi::cli
