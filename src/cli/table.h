// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Text in columns for people. A plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chi::cli {

// A column whose cells all look like numbers is aligned to the right. Control characters in cells are escaped: a cell
// may hold what came from somewhere else, and must not drive the terminal.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // Missing cells are empty, surplus ones are dropped.
  void add(std::vector<std::string> row);

  bool empty() const noexcept { return rows_.empty(); }

  // Lines, each with its newline; with `indent` blanks in front.
  std::string text(std::size_t indent = 0) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// The same text with control characters and broken UTF-8 written as \xNN.
std::string printable(std::string_view text);

// Number of columns that UTF-8 text takes on a terminal, one for each code point.
std::size_t display_width(std::string_view text) noexcept;

// "3d 4h", "2h 5m", "12m 3s", "8.5 s".
std::string human_duration(double seconds);

// "850 ns", "12.3 us", "4.5 ms", "2.0 s".
std::string human_latency(double ns);

// "512 B", "1.5 MiB".
std::string human_size(double bytes);

// "1,234,567".
std::string human_count(unsigned long long value);

}  // namespace chi::cli
