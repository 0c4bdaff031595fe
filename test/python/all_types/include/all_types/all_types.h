// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A module whose only method gives back what it was given: a field of each type that there is.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/method.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace all_types {

enum class Color : std::uint8_t { red = 1, blue = 7 };

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator<(const Point& other) const { return std::pair(x, y) < std::pair(other.x, other.y); }
};

struct Everything {
  bool flag = true;
  std::int8_t small = -3;
  std::uint64_t large = 18'446'744'073'709'551'615U;
  float single = 0.5F;
  double real = 0.1;
  std::string text = "text";
  chi::Bytes data{"data"};
  Color color = Color::blue;
  std::optional<std::uint32_t> maybe;
  std::optional<Point> place = Point{1, 2};
  std::vector<std::string> words = {"a", "b"};
  std::vector<double> numbers = {1, 2.5};
  std::array<std::int32_t, 3> triple = {1, 2, 3};
  std::pair<std::string, std::uint16_t> pair = {"p", 9};
  std::map<std::string, std::uint32_t> ages = {{"ann", 30}};
  std::map<Point, std::string> places = {{{0, 1}, "here"}};
  std::map<std::vector<std::uint8_t>, bool> odd = {{{1, 2}, true}};
  std::set<std::int16_t> set = {-1, 1};
  std::vector<Point> points = {{3, 4}};
};

struct EchoReply {
  Everything all;
};
struct Echo {
  static constexpr chi::Method kMethod{1, "echo", chi::Access::read};
  using Reply = EchoReply;
  Everything all;
};

}  // namespace all_types
