// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Messages as JSON, both ways, against the compiled codec.
#include "codec/json.h"

#include <chimaera/schema.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "codec/sample_types.h"

namespace chi {
namespace {

using testing::HasSubstr;

template <class T>
SchemaType schema() {
  return parse_schema(schema_of<T>()).value();
}

template <class T>
Json to_json(const T& value) {
  Encoder to;
  encode_message(to, value);
  return wire_to_json(schema<T>(), to.message()).value();
}

template <class T>
Result<T> from_json(const Json& json) {
  Encoder to;
  Status status = json_to_wire(schema<T>(), json, to);
  if (!status.ok()) return std::move(status).error();
  return decode_message<T>(to.message());
}

template <class T>
std::string problem(const Json& json) {
  auto result = from_json<T>(json);
  EXPECT_FALSE(result.ok()) << json;
  EXPECT_EQ(result.code(), Code::invalid_argument);
  return result.ok() ? "" : result.error().text;
}

TEST(Json, OfEveryType) {
  EXPECT_EQ(to_json(sample::numbers()).dump(),
            R"({"flag":true,"i8":-8,"u8":200,"i16":-300,"u16":60000,"i32":-70000,"u32":4000000000,)"
            R"("i64":-1152921504606846976,"u64":18446744073709551615,"f32":1.5,"f64":-0.125,)"
            R"("color":"green","level":"high"})");
  EXPECT_EQ(to_json(sample::Segment{{1, 2}, {3, 4}, {}}).dump(),
            R"({"from":{"x":1,"y":2},"to":{"x":3,"y":4},"middle":null})");
  EXPECT_EQ(to_json(sample::Nothing{}).dump(), "{}");
  Json json = to_json(sample::collections());
  EXPECT_EQ(json["flat"].dump(), "[1,2,4294967295]");
  EXPECT_EQ(json["map"].dump(), R"({"p":[{"x":9,"y":9}],"q":[]})");
  EXPECT_EQ(json["hash_map"].dump(), R"({"5":"five"})");
  EXPECT_EQ(json["multimap"].dump(), R"([["blue",1],["blue",2]])");
  EXPECT_EQ(json["tuple"].dump(), R"([true,"t",{}])");
  EXPECT_EQ(json["optional"].dump(), "[1,null,3]");
}

TEST(Json, ThereAndBack) {
  EXPECT_EQ(from_json<sample::Numbers>(to_json(sample::numbers())).value(), sample::numbers());
  EXPECT_EQ(from_json<sample::Collections>(to_json(sample::collections())).value(), sample::collections());
  EXPECT_EQ(from_json<sample::Nothing>(Json::object()).value(), sample::Nothing{});
  EXPECT_EQ(from_json<sample::Put>(nlohmann::json{{"value", "v"}, {"key", "k"}}).value(), (sample::Put{"k", "v"}));
}

TEST(Json, BytesAreTextOrBase64) {
  sample::Put put{"\xff\xfe", Bytes(std::string_view("\0\x80\xc3", 3))};
  Json json = to_json(put);
  EXPECT_EQ(json.dump(), R"({"key":{"base64":"//4="},"value":{"base64":"AIDD"}})");
  EXPECT_EQ(from_json<sample::Put>(json).value(), put);
  EXPECT_EQ(from_json<sample::Put>({{"key", "\u00e9"}, {"value", {{"hex", "00fF"}}}}).value(),
            (sample::Put{"\u00e9", Bytes(std::string_view("\0\xff", 2))}));
  EXPECT_THAT(problem<sample::Put>({{"key", "k"}, {"value", {{"base64", "A"}}}}), HasSubstr("field 'value'"));
  EXPECT_THAT(problem<sample::Put>({{"key", "k"}, {"value", {{"utf", "A"}}}}), HasSubstr("base64"));
  EXPECT_THAT(problem<sample::Put>({{"key", "k"}, {"value", 1}}), HasSubstr("expected bytes, got number"));
}

TEST(Json, BuffersAndLargeBytesAreAttached) {
  Json json{{"offset", 1}, {"data", "abc"}, {"more", Json::array({"d"})}, {"note", std::string(1000, 'n')}};
  Encoder to;
  ASSERT_TRUE(json_to_wire(schema<sample::Transfer>(), json, to).ok());
  EXPECT_EQ(to.buffer_count(), 3u);
  auto transfer = decode_message<sample::Transfer>(to.message()).value();
  EXPECT_EQ(transfer.data.view(), "abc");
  EXPECT_EQ(transfer.note->size(), 1000u);
  EXPECT_EQ(to_json(transfer), json);
}

TEST(Json, RealsThatJsonHasNoNumberFor) {
  struct Reals {
    double a = std::numeric_limits<double>::infinity();
    float b = -std::numeric_limits<float>::infinity();
    double c = std::numeric_limits<double>::quiet_NaN();
  };
  EXPECT_EQ(to_json(Reals{}).dump(), R"({"a":"inf","b":"-inf","c":"nan"})");
  auto back = from_json<Reals>(to_json(Reals{})).value();
  EXPECT_EQ(back.a, Reals{}.a);
  EXPECT_TRUE(back.c != back.c);
  EXPECT_THAT(problem<Reals>({{"a", 1}, {"b", 1e300}, {"c", 0}}), HasSubstr("field 'b': 1e+300 is out of range"));
}

TEST(Json, EnumsByNameOrNumber) {
  struct Paint {
    sample::Color color;
  };
  EXPECT_EQ(from_json<Paint>({{"color", "blue"}}).value().color, sample::Color::blue);
  EXPECT_EQ(from_json<Paint>({{"color", 5}}).value().color, sample::Color{5});
  EXPECT_EQ(to_json(Paint{sample::Color{5}}).dump(), R"({"color":5})");
  EXPECT_THAT(problem<Paint>({{"color", "gren"}}), HasSubstr("did you mean 'green'?"));
  EXPECT_THAT(problem<Paint>({{"color", 256}}), HasSubstr("out of range"));
}

TEST(Json, ProblemsNameTheField) {
  Json good = to_json(sample::numbers());
  auto with = [&good](const char* name, Json value) {
    Json json = good;
    json[name] = std::move(value);
    return problem<sample::Numbers>(json);
  };
  EXPECT_THAT(with("u8", 256), HasSubstr("field 'u8': 256 is out of range: u8 goes from 0 to 255"));
  EXPECT_THAT(with("i8", -129), HasSubstr("i8 goes from -128 to 127"));
  EXPECT_THAT(with("i64", std::uint64_t{1} << 63), HasSubstr("out of range"));
  EXPECT_THAT(with("u64", -1), HasSubstr("u64 goes from 0 to 18446744073709551615"));
  EXPECT_THAT(with("u32", 1.5), HasSubstr("expected u32, got a fraction"));
  EXPECT_THAT(with("u64", "one"), HasSubstr("expected u64, got 'one'"));
  EXPECT_THAT(with("u64", "18446744073709551616"), HasSubstr("out of range"));
  EXPECT_THAT(with("u32", "1"), HasSubstr("expected u32, got a string"));
  EXPECT_THAT(with("flag", 1), HasSubstr("expected bool, got number"));
  EXPECT_THAT(with("i17", 1), HasSubstr("no field 'i17'; did you mean 'i1"));
  EXPECT_THAT(problem<sample::Put>({{"key", "k"}}), HasSubstr("field 'value' is missing: bytes"));
  EXPECT_THAT(problem<sample::Put>(Json::array()), HasSubstr("expected object with key, value, got array"));
  EXPECT_THAT(problem<sample::Nothing>({{"x", 1}}), HasSubstr("no field 'x'; the fields are: none"));
  Json segment{{"from", {{"x", 1}, {"y", 2}}}, {"to", {{"x", 1}, {"y", true}}}};
  EXPECT_THAT(problem<sample::Segment>(segment), HasSubstr("field 'to.y': expected i32, got a boolean"));
}

TEST(Json, ProblemsOfCollections) {
  Json good = to_json(sample::collections());
  auto with = [&good](const char* name, Json value) {
    Json json = good;
    json[name] = std::move(value);
    return problem<sample::Collections>(json);
  };
  EXPECT_THAT(with("flat", Json::array({1, -1})), HasSubstr("field 'flat[1]'"));
  EXPECT_THAT(with("bytes", Json::array({1})), HasSubstr("field 'bytes': expected 4 elements, got 1"));
  EXPECT_THAT(with("pair", Json::array({"a"})), HasSubstr("expected 2 elements"));
  EXPECT_THAT(with("hash_map", {{"five", "5"}}), HasSubstr("expected u32, got 'five'"));
  EXPECT_THAT(with("map", {{"p", Json::array({{{"x", 1}}})}}), HasSubstr("field 'map[p][0]': field 'y' is missing"));
  EXPECT_THAT(with("map", 3), HasSubstr("expected map of string to list of object with x, y"));
  EXPECT_THAT(with("map", Json::array({1})), HasSubstr("[key, value]"));
}

TEST(Json, OfDamagedMessages) {
  const SchemaType type = schema<sample::Collections>();
  const std::string whole = encode_to_string(sample::collections());
  auto read = [&type](const std::string& bytes) {
    std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[bytes.size()]);
    std::memcpy(copy.get(), bytes.data(), bytes.size());
    return wire_to_json(type, {copy.get(), static_cast<std::uint32_t>(bytes.size()), 0, nullptr});
  };
  // What the compiled decoder accepts, and nothing else, has a form in JSON.
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const std::string part = whole.substr(0, size);
    EXPECT_EQ(read(part).ok(), decode_from<sample::Collections>(part).ok()) << size;
  }
  for (std::size_t at = 2; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x81);
    auto json = read(damaged);
    if (json.ok()) {
      EXPECT_NO_THROW(json->dump()) << "must be valid UTF-8";
    }
  }
}

TEST(Json, OlderSendersFieldsAreLeftOut) {
  struct Old {
    std::string key = "k";
  };
  std::string bytes = encode_to_string(Old{});
  chi_message message{reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<std::uint32_t>(bytes.size()), 0,
                      nullptr};
  EXPECT_EQ(wire_to_json(schema<sample::Put>(), message).value().dump(), R"({"key":"k"})");
}

}  // namespace
}  // namespace chi
