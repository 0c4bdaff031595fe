// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements lines.h.
#include "lines.h"

#include <string.h>

#include <charconv>

namespace kv {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

chi::Result<LineFinder> LineFinder::of(std::string_view name) {
  if (!name.empty() && name.find_first_of(":\n") == std::string_view::npos) return LineFinder(name);
  return chi::Error{chi::Code::invalid_argument,
                    "'" + std::string(name) + "' is no line's name: give what stands before the ':', as in Section",
                    {}};
}

std::optional<std::string_view> LineFinder::find(std::string_view text) const noexcept {
  const std::string_view first = std::string_view(needle_).substr(1);
  if (!text.starts_with(first)) {
    const void* found = ::memmem(text.data(), text.size(), needle_.data(), needle_.size());
    if (!found) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1);
  }
  text.remove_prefix(first.size());
  return trimmed(text.substr(0, text.find('\n')));
}

std::optional<std::int64_t> whole_number(std::string_view text) noexcept {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace kv
