// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements text.h.
#include "base/text.h"

#include <chimaera/size.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace chi {

namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 6> kDurationUnits{{{"h", 3'600'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"s", 1'000'000'000},
                                              {"ms", 1'000'000},
                                              {"us", 1'000},
                                              {"ns", 1}}};
constexpr std::size_t kPrintedSizeUnits = 5;  // the first of detail::kSizeUnits, which format_size uses

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Edits (insert, remove, change, swap neighbours) that turn one into the other, case aside.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

static_assert(kMaxNameLength == 64, "the rules of names in text.h say so");

bool is_daemon_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxNameLength || !(is_letter(text[0]) || is_digit(text[0]))) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

Error bad_name(std::string_view name, std::string_view what, std::string_view rule) {
  const bool whole = name.size() <= kMaxNameLength;
  const std::string more = whole ? "" : fmt::format("... ({} bytes)", name.size());
  return {Code::invalid_argument,
          fmt::format("'{}'{} cannot name {}: it must be {}", name.substr(0, kMaxNameLength), more, what, rule),
          {}};
}

}  // namespace

bool is_identifier(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxNameLength || !is_letter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

Status check_daemon_name(std::string_view name) {
  return is_daemon_name(name) ? Status() : bad_name(name, "a daemon", kDaemonNameRule);
}

Status check_pool_name(std::string_view name) {
  return is_daemon_name(name) && name != "admin" ? Status() : bad_name(name, "a pool", kPoolNameRule);
}

std::string closest(std::string_view text, std::span<const std::string> candidates) {
  if (text.size() > kMaxNameLength) return {};
  std::size_t best = std::max<std::size_t>(1, text.size() / 3) + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kMaxNameLength || candidate == text) continue;
    std::size_t edits = distance(text, candidate);
    if (edits >= best || edits >= candidate.size()) continue;
    best = edits;
    found = candidate;
  }
  return found;
}

std::string did_you_mean(std::string_view text, std::span<const std::string> candidates) {
  std::string found = closest(text, candidates);
  return found.empty() ? found : fmt::format("; did you mean '{}'?", found);
}

std::string list_of(std::span<const std::string> names, std::size_t most) {
  if (names.empty()) return "none";
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) out.append(i == 0 ? "" : ", ").append(names[i]);
  if (names.size() > most) out += fmt::format(" and {} more", names.size() - most);
  return out;
}

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return Error{Code::invalid_argument, fmt::format("'{}' is not a whole number from 0 to 2^64-1", text), {}};
  }
  return value;
}

Result<std::uint64_t> parse_duration(std::string_view text) {
  if (text == "0") return std::uint64_t{0};
  const std::size_t length = detail::decimal_length(text);
  for (const Unit& unit : kDurationUnits) {
    if (length == 0 || text.substr(length) != unit.name) continue;
    return detail::scaled(text.substr(0, length), unit.factor, text);
  }
  return Error{
      Code::invalid_argument, fmt::format("'{}' is not a duration such as 50us, 10ms, 1.5s, 2m or 1h", text), {}};
}

std::string format_size(std::uint64_t bytes) {
  for (const detail::SizeUnit& unit : std::span(detail::kSizeUnits).first(kPrintedSizeUnits)) {
    if (bytes != 0 && bytes % unit.bytes == 0) return fmt::format("{}{}", bytes / unit.bytes, unit.name);
  }
  return "0";
}

std::string format_ranges(std::span<const std::uint32_t> numbers) {
  if (numbers.empty()) return "none";
  std::string out;
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!out.empty()) out += ',';
    out += std::to_string(numbers[first]);
    if (last != first) out += '-' + std::to_string(numbers[last]);
    first = last + 1;
  }
  return out;
}

}  // namespace chi
