// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Fields appended everywhere at once: in the message, in what is nested in it, in elements and values.
#include <gtest/gtest.h>

#include <cstring>

#include "codec/growth_types.h"

namespace chi {
namespace {

using namespace sample;

before::Order old_order() {
  before::Order order;
  order.items = {{"lamp", {1, 2}}, {"", {3, 4}}};
  order.places = {{"door", {5, 6}}, {"window", {7, 8}}};
  order.gift = before::Item{"card", {9, 10}};
  order.corners = {{{11, 12}, {13, 14}}};
  order.pair = {{15, 16}, "end"};
  order.color = Color::blue;
  return order;
}

TEST(Growth, NewReadersHaveDefaultsInEveryPlace) {
  const auto read = decode_from<after::Order>(encode_to_string(old_order())).value();
  EXPECT_TRUE(same(old_order(), read));
  EXPECT_EQ(read.items[1].labels, after::Item().labels);
  EXPECT_EQ(read.items[1].place.floor, 3U);
  EXPECT_EQ(read.places.at("window").floor, 3U);
  EXPECT_EQ(read.gift->labels.at("new").at(0), "yes");
  EXPECT_EQ(read.corners[1].floor, 3U);
  EXPECT_EQ(std::get<0>(read.pair).floor, 3U);
  EXPECT_EQ(read.route, after::Order().route);
  EXPECT_EQ(read.level, Level::high);
}

TEST(Growth, OldReadersSkipInEveryPlace) {
  auto order = decode_from<after::Order>(encode_to_string(old_order())).value();
  order.items[0].labels = {{"a", {}}, {"b", {std::nullopt, std::string(700, 'x')}}};
  order.items[0].place.floor = 99;
  order.corners[0].floor = 98;
  order.route.reset();
  const auto read = decode_from<before::Order>(encode_to_string(order)).value();
  EXPECT_TRUE(same(read, order));
  EXPECT_EQ(encode_to_string(read), encode_to_string(old_order()));
}

// What a newer sender calls something is kept, though its name is not known.
TEST(Growth, UnknownEnumeratorsPassThrough) {
  before::Order order;
  order.color = static_cast<Color>(200);
  EXPECT_EQ(decode_from<before::Order>(encode_to_string(order)).value().color, static_cast<Color>(200));
}

// A place that only the newest reader understands, deep inside.
struct Tower {
  static constexpr Version kVersion{3, 3};
  std::uint64_t height = 0;
};
struct City {
  std::map<std::string, std::vector<Tower>> towers;
};
struct Village {
  std::map<std::string, std::vector<before::Place>> towers;
};
TEST(Growth, ABreakInsideIsRefusedWithItsField) {
  const City city{{{"east", {Tower{5}}}}};
  const auto read = decode_from<Village>(encode_to_string(city));
  ASSERT_EQ(read.code(), Code::failed_precondition);
  EXPECT_NE(read.error().text.find("'towers'"), std::string::npos) << read.error().text;
  EXPECT_TRUE(decode_from<Village>(encode_to_string(City{})).ok());
}

struct Wide {  // 40 fields of all kinds, the limit being 48
  bool a0 = true;
  std::int8_t a1 = 1;
  std::uint16_t a2 = 2;
  std::int32_t a3 = 3;
  std::uint64_t a4 = 4;
  float a5 = 5;
  double a6 = 6;
  Color a7 = Color::blue;
  std::string a8 = "8";
  Bytes a9 = "9";
  std::optional<Point> b0 = Point{0, 1};
  std::vector<Point> b1 = {{1, 1}};
  std::vector<std::string> b2 = {"2"};
  std::map<std::string, Point> b3 = {{"3", {3, 3}}};
  std::unordered_map<std::uint32_t, std::string> b4 = {{4, "4"}};
  std::set<std::string> b5 = {"5"};
  std::array<std::uint32_t, 2> b6 = {6, 6};
  std::pair<std::string, Level> b7 = {"7", Level::low};
  std::tuple<bool, std::string> b8 = {true, "8"};
  Segment b9 = {{9, 9}, {9, 9}, {}};
  bool c0 = true;
  std::int16_t c1 = 1;
  std::uint32_t c2 = 2;
  std::int64_t c3 = 3;
  std::uint8_t c4 = 4;
  double c5 = 5;
  float c6 = 6;
  Level c7 = Level::high;
  std::string c8 = "8";
  std::vector<bool> c9 = {true, false};
  std::optional<std::string> d0 = "0";
  std::vector<std::vector<std::string>> d1 = {{"1"}, {}};
  std::optional<std::map<std::string, std::vector<std::optional<Point>>>> d2{std::in_place};
  std::list<Segment> d3 = {{}};
  std::deque<std::uint16_t> d4 = {4};
  std::multimap<Color, int> d5 = {{Color::red, 5}};
  std::array<Segment, 2> d6{};
  Nothing d7;
  Numbers d8;
  std::string d9 = "last";
};
static_assert(field_count<Wide> == 40);

// Where each field ends in the encoding.
std::vector<std::size_t> ends_of_fields(const Wide& value) {
  Encoder to;
  to.inline_bytes();
  detail::encode_versions<Wide>(to);
  std::vector<std::size_t> ends = {to.size()};
  visit_fields(value, [&](const auto&... field) { ((detail::encode(to, field), ends.push_back(to.size())), ...); });
  return ends;
}

// The message may end behind each of its fields, as that of a sender which had only those; and nowhere else.
TEST(Growth, EachFieldMayBeTheLastOne) {
  Wide sent;
  visit_fields(sent, [](auto&... field) { ((field = std::decay_t<decltype(field)>{}), ...); });
  const std::string all = encode_to_string(sent);
  const auto ends = ends_of_fields(sent);
  const std::string defaults = encode_to_string(Wide());
  const auto defaults_end = ends_of_fields(Wide());
  ASSERT_EQ(ends.back(), all.size());
  std::size_t field = 0;
  for (std::size_t size = 2; size <= all.size(); ++size) {
    while (field + 1 < ends.size() && ends[field + 1] <= size) ++field;
    const auto read = decode_from<Wide>(all.substr(0, size));
    ASSERT_EQ(read.ok(), size == ends[field]) << "at byte " << size << " in field " << field;
    if (!read.ok()) continue;
    const std::string again = encode_to_string(*read);
    EXPECT_EQ(again.substr(0, size), all.substr(0, size)) << "what was there is as it was sent";
    EXPECT_EQ(again.substr(size), defaults.substr(defaults_end[field])) << "what was not there is the default";
  }
}

}  // namespace
}  // namespace chi
