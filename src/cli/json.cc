// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// JSON on stdout, and any reply in a form that people can read.
#include "cli/json.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "cli/exit_code.h"
#include "cli/table.h"
#include "cli/target.h"

namespace chi::cli {

namespace {

constexpr auto kOnBadText = Json::error_handler_t::replace;

std::string cell(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : value.dump(-1, ' ', false, kOnBadText);
}

bool is_list_of_objects(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& each) { return each.is_object(); });
}

std::string render_list(const Json& list, std::size_t indent) {
  std::vector<std::string> columns;
  for (const Json& each : list) {
    for (const auto& field : each.items()) {
      if (std::find(columns.begin(), columns.end(), field.key()) == columns.end()) columns.push_back(field.key());
    }
  }
  Table table(columns);
  for (const Json& each : list) {
    std::vector<std::string> row;
    row.reserve(columns.size());
    for (const std::string& column : columns) row.push_back(each.contains(column) ? cell(each[column]) : "");
    table.add(std::move(row));
  }
  return table.text(indent);
}

std::string render_object(const Json& object) {
  std::size_t width = 0;
  for (const auto& field : object.items()) {
    if (!is_list_of_objects(field.value())) width = std::max(width, display_width(field.key()));
  }
  std::string out;
  for (const auto& field : object.items()) {
    out += printable(field.key()) + ":";
    if (is_list_of_objects(field.value())) {
      out += "\n" + render_list(field.value(), 2);
    } else {
      const std::string text = printable(cell(field.value()));
      if (!text.empty()) out.append(width - std::min(width, display_width(field.key())) + 1, ' ').append(text);
      out += "\n";
    }
  }
  return out;
}

bool is_id(std::string_view field) {
  constexpr std::array<std::string_view, 5> kIds{"id", "pool", "session", "incarnation", "trace"};
  return std::find(kIds.begin(), kIds.end(), field) != kIds.end();
}

}  // namespace

void ids_as_text(const SchemaType& type, Json& json) {
  using Kind = SchemaType::Kind;
  if (type.kind == Kind::list && json.is_array()) {
    for (Json& element : json) ids_as_text(type.of[0], element);
  } else if (type.kind == Kind::aggregate) {
    for (std::size_t i = 0; i < type.of.size(); ++i) {
      const auto field = json.find(type.names[i]);
      if (field == json.end()) continue;
      if (type.of[i].kind == Kind::u64 && is_id(type.names[i])) {
        *field = field->dump();
      } else {
        ids_as_text(type.of[i], *field);
      }
    }
  }
}

Json error_json(const Error& error) {
  Json out;
  out["code"] = code_name(error.code);
  out["text"] = error.text;
  out["where"] = error.where;
  return out;
}

void print_json(const Json& json) { std::printf("%s\n", json.dump(2, ' ', false, kOnBadText).c_str()); }

int print_result(const Result<Json>& json) {
  if (!json.ok()) return report(json.error());
  print_json(*json);
  return kDone;
}

std::string render(const Json& json) {
  if (json.is_object()) return render_object(json);
  if (is_list_of_objects(json)) return render_list(json, 0);
  return printable(cell(json)) + "\n";
}

}  // namespace chi::cli
