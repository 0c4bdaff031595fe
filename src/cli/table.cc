// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Column widths, alignment, and numbers that people can read.
#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace chi::cli {

namespace {

constexpr std::string_view kColumnGap = "  ";

// Length of the UTF-8 sequence at the front of `text`, 0 when it is not one.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t length = 1;
  if (lead >= 0x80) length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// C0, DEL and the C1 range, which terminals obey too.
bool is_control(std::string_view sequence) noexcept {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  return lead < 0x20 || lead == 0x7f || (lead == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0);
}

bool looks_like_number(std::string_view cell) noexcept {
  return !cell.empty() && cell.find_first_of("0123456789") != std::string_view::npos &&
         (std::string_view("0123456789-+.").find(cell[0]) != std::string_view::npos) &&
         std::all_of(cell.begin(), cell.end(), [](char c) {
           return std::string_view("0123456789.,-+% BKMGTPEinsumhd").find(c) != std::string_view::npos;
         });
}

void append_cell(std::string& line, const std::string& cell, std::size_t width, bool right) {
  const std::string blanks(width - std::min(width, display_width(cell)), ' ');
  line += right ? blanks + cell : cell + blanks;
}

}  // namespace

void Table::add(std::vector<std::string> row) {
  row.resize(header_.size());
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

std::string Table::text(std::size_t indent) const {
  const std::size_t columns = header_.size();
  std::vector<std::size_t> width(columns);
  std::vector<bool> right(columns, !rows_.empty());
  for (std::size_t c = 0; c < columns; ++c) {
    width[c] = display_width(header_[c]);
    for (const auto& row : rows_) {
      width[c] = std::max(width[c], display_width(row[c]));
      if (!row[c].empty() && !looks_like_number(row[c])) right[c] = false;
    }
  }
  std::string out;
  auto append_line = [&](const std::vector<std::string>& cells) {
    std::string line(indent, ' ');
    for (std::size_t c = 0; c < columns; ++c) {
      if (c > 0) line += kColumnGap;
      append_cell(line, cells[c], width[c], right[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  append_line(header_);
  for (const auto& row : rows_) append_line(row);
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0 || is_control(text)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string human_duration(double seconds) {
  if (!(seconds >= 60)) return fmt::format("{:.1f} s", std::max(seconds, 0.0));
  const auto whole = static_cast<std::uint64_t>(std::min(seconds, 1e15));
  if (whole < 3600) return fmt::format("{}m {}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h {}m", whole / 3600, whole % 3600 / 60);
  return fmt::format("{}d {}h", whole / 86400, whole % 86400 / 3600);
}

std::string human_latency(double ns) {
  if (!(ns >= 1e3)) return fmt::format("{:.0f} ns", std::max(ns, 0.0));
  if (ns < 1e6) return fmt::format("{:.1f} us", ns / 1e3);
  return ns < 1e9 ? fmt::format("{:.1f} ms", ns / 1e6) : human_duration(ns / 1e9);
}

std::string human_size(double bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string human_count(unsigned long long value) {
  std::string digits = fmt::format("{}", value);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

}  // namespace chi::cli
