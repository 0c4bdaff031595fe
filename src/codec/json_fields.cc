// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From what a person typed, key=value, to JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "codec/json.h"
#include "codec/json_problem.h"
#include "codec/json_text.h"
#include "codec/numbers.h"

namespace chi {

namespace {

using Kind = SchemaType::Kind;

bool is_simple(const SchemaType& type) { return type.kind <= Kind::enumeration; }

std::optional<Json> value_from_json(const SchemaType& type, std::string_view text, std::string& problem) {
  Result<Json> json = parse_json(text);
  if (json.ok()) return *std::move(json);
  problem = fmt::format("expected {} as JSON, got '{}': {}", type.describe(), text.substr(0, 80), json.error().text);
  return std::nullopt;
}

std::optional<Json> split_list(const SchemaType& type, std::string_view text, std::string& problem) {
  Json out = Json::array();
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    auto element = text_to_value(type.of[0], text.substr(0, comma), problem);
    if (!element) return std::nullopt;
    out.push_back(std::move(*element));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

std::optional<Json> enum_from_text(const SchemaType& type, std::string_view text, std::string& problem) {
  if (std::find(type.names.begin(), type.names.end(), text) != type.names.end()) return Json(std::string(text));
  auto number = number_from_text(type.number, text, problem);
  if (!number) problem = unknown_value(text, type);
  return number;
}

}  // namespace

std::optional<Json> text_to_value(const SchemaType& type, std::string_view text, std::string& problem) {
  if (type.is_number()) return number_from_text(type.kind, text, problem);
  switch (type.kind) {
    case Kind::boolean:
      if (text == "true" || text == "false") return Json(text == "true");
      problem = fmt::format("expected true or false, got '{}'", text);
      return std::nullopt;
    case Kind::string:
    case Kind::bytes:
    case Kind::buffer:
      return Json(std::string(text));
    case Kind::enumeration:
      return enum_from_text(type, text, problem);
    case Kind::optional:
      return text_to_value(type.of[0], text, problem);
    case Kind::list:
    case Kind::array:
      if (!text.starts_with('[') && is_simple(type.of[0])) return split_list(type, text, problem);
      return value_from_json(type, text, problem);
    default:
      return value_from_json(type, text, problem);
  }
}

std::string unknown_field(std::string_view name, const SchemaType& type) {
  return fmt::format("no field '{}'{}; the fields are: {}", name, did_you_mean(name, type.names), list_of(type.names));
}

std::string missing_field(const SchemaType& type, std::size_t field) {
  return fmt::format("field '{}' is missing: {}", type.names[field], type.of[field].describe());
}

std::string unknown_value(std::string_view name, const SchemaType& enumeration) {
  return fmt::format("no value '{}'{}; expected {}", name, did_you_mean(name, enumeration.names),
                     enumeration.describe());
}

Result<Json> fields_to_json(const SchemaType& type, const std::vector<std::pair<std::string, std::string>>& fields) {
  const auto refuse = [](std::string text) { return Error{Code::invalid_argument, std::move(text), {}}; };
  if (type.kind != Kind::aggregate) return refuse("the schema is not that of a message");
  Json out = Json::object();
  for (const auto& [name, text] : fields) {
    const auto found = std::find(type.names.begin(), type.names.end(), name);
    if (found == type.names.end()) return refuse(unknown_field(name, type));
    if (out.contains(name)) return refuse(fmt::format("field '{}' is given twice", name));
    std::string problem;
    auto value = text_to_value(type.of[static_cast<std::size_t>(found - type.names.begin())], text, problem);
    if (!value) return refuse(fmt::format("field '{}': {}", name, problem));
    out[name] = std::move(*value);
  }
  for (std::size_t i = 0; i < type.of.size(); ++i) {
    if (type.of[i].kind != Kind::optional && !out.contains(type.names[i])) return refuse(missing_field(type, i));
  }
  return out;
}

}  // namespace chi
