// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a workload found: rows of figures, and which of the project's targets they meet. Plain values.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmark/machine.h"

namespace chi::bench {

using Json = nlohmann::ordered_json;

// An object; its keys are the columns of the table, in this order. Units are in their names: _ns, _us, _bytes, per_s.
using Row = Json;

struct Target {
  std::string what;  // "null round trip / bare ping-pong"
  double measured = 0;
  double limit = 0;
  bool at_most = true;  // else at least

  bool met() const noexcept { return at_most ? measured <= limit : measured >= limit; }
};

struct Report {
  std::string workload;
  unsigned repeats = 0;
  bool single = false;  // the first row is the figure; others are beside it
  std::vector<Row> rows;
  std::vector<std::pair<std::string, Row>> beside;  // figures of another kind, by name
  std::vector<Target> targets;
  std::string picture;             // SVG, or nothing
  std::vector<std::string> notes;  // what was left out, and why; how to read it
  Machine machine;
};

// One object, without the picture. Where the report is `single`, its first row's keys are also the object's own, as is
// the name of each that is beside.
Json to_json(const Report& report);

// All keys of the rows, each once, in the order in which they first come.
std::vector<std::string> columns(const std::vector<Row>& rows);

// A cell of a table. Empty where the row has no such key.
std::string cell(const Row& row, const std::string& column);

}  // namespace chi::bench
