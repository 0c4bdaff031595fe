// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the demo found, as text for people and as JSON. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/json.h"

namespace chi::cli {

struct DemoQuery {
  std::string name;
  double seconds = 0;
  std::string result;   // in short
  std::string problem;  // how it differs from what was worked out in this program; empty: it does not

  bool checked() const noexcept { return problem.empty(); }
};

struct DemoContainer {
  std::uint32_t index = 0;
  std::uint32_t node = 0;
  std::uint32_t worker = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

struct DemoReport {
  std::string source;
  std::uint64_t read = 0;     // records of the input
  std::uint64_t records = 0;  // of different keys
  std::uint64_t bytes = 0;    // of the input
  double load_s = 0;
  double waited_s = 0;  // of it, for the input
  std::vector<DemoQuery> queries;
  std::uint64_t lookups = 0;
  std::uint64_t p50_ns = 0;
  std::uint64_t p99_ns = 0;
  std::vector<DemoContainer> containers;

  bool correct() const noexcept;
};

std::string render(const DemoReport& report);
Json to_json(const DemoReport& report);

}  // namespace chi::cli
