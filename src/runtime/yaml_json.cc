// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements to_json of yaml.h.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/yaml.h"

namespace chi::runtime {

namespace {

using Json = nlohmann::json;

template <class T>
std::optional<T> whole(std::string_view text, int base) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Json> as_number(std::string_view text) {
  if (text.starts_with("0x")) {
    if (auto value = whole<std::uint64_t>(text.substr(2), 16)) return Json(*value);
    return std::nullopt;
  }
  if (auto value = whole<std::int64_t>(text, 10)) return Json(*value);
  if (auto value = whole<std::uint64_t>(text, 10)) return Json(*value);
  // from_chars alone would take "inf", "nan" and "infinity", which are words in YAML.
  if (text.find_first_not_of("+-.0123456789eE") != std::string_view::npos) return std::nullopt;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return Json(value);
}

Json scalar(const YamlNode& node) {
  if (!node.quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    if (auto number = as_number(node.text)) return *number;
  }
  return node.text;
}

Json convert(const YamlNode& node) {
  Json out;
  switch (node.kind) {
    case YamlNode::Kind::null:
      break;
    case YamlNode::Kind::scalar:
      out = scalar(node);
      break;
    case YamlNode::Kind::list:
      out = Json::array();
      for (const YamlNode& item : node.items) out.push_back(convert(item));
      break;
    case YamlNode::Kind::mapping:
      out = Json::object();
      for (const auto& member : node.members) out[member.key] = convert(member.value);
      break;
  }
  return out;
}

}  // namespace

std::string to_json(const YamlNode& node) { return convert(node).dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace chi::runtime
