// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A message of two releases: the later one has a field more in every place where one may be appended.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "codec/sample_types.h"

namespace chi::sample {

namespace before {

struct Place {  // its memory is its encoding
  std::uint32_t row = 0;
  std::uint32_t column = 0;
};
struct Item {
  std::string name;
  Place place;
};
struct Order {
  std::vector<Item> items;
  std::map<std::string, Place> places;
  std::optional<Item> gift;
  std::array<Place, 2> corners{};
  std::tuple<Place, std::string> pair;
  Color color = Color::red;
};

}  // namespace before

namespace after {

struct Place {
  static constexpr Version kVersion{2, 1};
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  std::uint32_t floor = 3;
};
struct Item {
  static constexpr Version kVersion{2, 1};
  std::string name;
  Place place;
  std::map<std::string, std::vector<std::optional<std::string>>> labels = {{"new", {"yes"}}};
};
struct Order {
  static constexpr Version kVersion{2, 1};
  std::vector<Item> items;
  std::map<std::string, Place> places;
  std::optional<Item> gift;
  std::array<Place, 2> corners{};
  std::tuple<Place, std::string> pair;
  Color color = Color::red;
  std::optional<Segment> route = Segment{{1, 2}, {3, 4}, {}};
  Level level = Level::high;
};

}  // namespace after

inline bool same(const before::Place& a, const after::Place& b) { return a.row == b.row && a.column == b.column; }
inline bool same(const before::Item& a, const after::Item& b) { return a.name == b.name && same(a.place, b.place); }

// In all that both of them have.
inline bool same(const before::Order& a, const after::Order& b) {
  if (a.items.size() != b.items.size() || a.places.size() != b.places.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) return false;
  }
  for (const auto& [name, place] : a.places) {
    const auto found = b.places.find(name);
    if (found == b.places.end() || !same(place, found->second)) return false;
  }
  if (a.gift.has_value() != b.gift.has_value() || (a.gift && !same(*a.gift, *b.gift))) return false;
  return same(a.corners[0], b.corners[0]) && same(a.corners[1], b.corners[1]) &&
         same(std::get<0>(a.pair), std::get<0>(b.pair)) && std::get<1>(a.pair) == std::get<1>(b.pair) &&
         a.color == b.color;
}

}  // namespace chi::sample
