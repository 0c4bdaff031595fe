// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Types of every shape that the codec walks, for its tests and its fuzzer.
#pragma once

#include <chimaera/codec.h>

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace chi::sample {

enum class Color : std::uint8_t { red, green = 7, blue };
enum class Level : std::int32_t { low = 1, high = 2 };

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator==(const Point&) const = default;
};

struct Segment {
  Point from;
  Point to;
  std::optional<Point> middle;
  bool operator==(const Segment&) const = default;
};

struct Nothing {
  bool operator==(const Nothing&) const = default;
};

struct Numbers {
  bool flag = false;
  std::int8_t i8 = 0;
  std::uint8_t u8 = 0;
  std::int16_t i16 = 0;
  std::uint16_t u16 = 0;
  std::int32_t i32 = 0;
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  Color color = Color::red;
  Level level = Level::low;
  bool operator==(const Numbers&) const = default;
};

struct Collections {
  std::vector<std::uint32_t> flat;
  std::vector<std::string> texts;
  std::vector<Point> points;
  std::vector<bool> flags;
  std::deque<std::uint16_t> deque;
  std::list<Segment> list;
  std::set<std::string> set;
  std::unordered_set<std::uint64_t> hash_set;
  std::map<std::string, std::vector<Point>> map;
  std::unordered_map<std::uint32_t, std::string> hash_map;
  std::multimap<Color, int> multimap;
  std::array<std::uint8_t, 4> bytes{};
  std::array<Segment, 2> segments{};
  std::pair<std::string, double> pair;
  std::tuple<bool, std::optional<std::string>, Nothing> tuple;
  std::optional<std::vector<std::optional<int>>> optional;
  bool operator==(const Collections&) const = default;
};

struct Put {
  std::string key;
  Bytes value;
  bool operator==(const Put&) const = default;
};

struct Transfer {
  std::uint64_t offset = 0;
  Buffer data;
  std::vector<Buffer> more;
  std::optional<Bytes> note;
};

inline Numbers numbers() {
  return {
      true, -8,     200,          -300,       60000, -70000, 4000000000U, -(std::int64_t{1} << 60), ~std::uint64_t{0},
      1.5F, -0.125, Color::green, Level::high};
}

inline Collections collections() {
  Collections c;
  c.flat = {1, 2, 0xffffffffU};
  c.texts = {"", "a", std::string(1000, 'z')};
  c.points = {{1, 2}, {-3, 4}};
  c.flags = {true, false, true};
  c.deque = {7, 8};
  c.list = {{{1, 2}, {3, 4}, Point{5, 6}}, {}};
  c.set = {"x", "y"};
  c.hash_set = {1, 1ULL << 40};
  c.map = {{"p", {{9, 9}}}, {"q", {}}};
  c.hash_map = {{5, "five"}};
  c.multimap = {{Color::blue, 1}, {Color::blue, 2}};
  c.bytes = {1, 2, 3, 4};
  c.segments[1].middle = Point{7, 7};
  c.pair = {"pi", 3.14};
  c.tuple = {true, "t", {}};
  c.optional = {{1, std::nullopt, 3}};
  return c;
}

}  // namespace chi::sample
