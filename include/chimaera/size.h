// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How sizes are written, everywhere: configuration, fields of requests, options, and what a module reads from a text of
// its own.
#pragma once

#include <chimaera/result.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace chi {

namespace detail {

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};

inline constexpr std::uint64_t kKi = 1024;
inline constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 62;

// The largest first; the first five are those in which sizes are printed.
inline constexpr std::array<SizeUnit, 13> kSizeUnits{{{"TiB", kKi* kKi* kKi* kKi},
                                                      {"GiB", kKi* kKi* kKi},
                                                      {"MiB", kKi* kKi},
                                                      {"KiB", kKi},
                                                      {"B", 1},
                                                      {"T", kKi* kKi* kKi* kKi},
                                                      {"G", kKi* kKi* kKi},
                                                      {"M", kKi* kKi},
                                                      {"K", kKi},
                                                      {"TB", 1'000'000'000'000},
                                                      {"GB", 1'000'000'000},
                                                      {"MB", 1'000'000},
                                                      {"KB", 1'000}}};

// The length of the decimal number, such as "12" or "1.5", at the start; 0 where there is none.
inline std::size_t decimal_length(std::string_view text) noexcept {
  const auto digits_from = [text](std::size_t at) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at;
  };
  const std::size_t whole = digits_from(0);
  if (whole == 0 || whole == text.size() || text[whole] != '.') return whole;
  const std::size_t end = digits_from(whole + 1);
  return end == whole + 1 ? 0 : end;
}

// A decimal number times `factor`, rounded; an error where that is above 2^62. `text` is what the error names.
inline Result<std::uint64_t> scaled(std::string_view number, std::uint64_t factor, std::string_view text) {
  const char* const begin = number.data();
  const char* const end = begin + number.size();
  if (number.find('.') != std::string_view::npos) {
    double value = 0;
    std::from_chars(begin, end, value);
    value *= static_cast<double>(factor);
    if (value <= static_cast<double>(kLargestSize)) return static_cast<std::uint64_t>(std::round(value));
  } else {
    std::uint64_t value = 0;
    const bool read = std::from_chars(begin, end, value).ec == std::errc{};
    if (read && value <= kLargestSize / factor) return value * factor;
  }
  return Error{Code::invalid_argument, "'" + std::string(text) + "' is too large", {}};
}

}  // namespace detail

// Bytes, at most 2^62, of "64MiB", "1.5GiB", "512B" or "512"; "64M" is 64MiB, "64MB" 64,000,000 bytes. Anything else,
// a sign and blanks among it, is invalid_argument with a text for the user.
inline Result<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t length = detail::decimal_length(text);
  const std::string_view number = text.substr(0, length);
  if (length > 0 && length == text.size() && text.find('.') == std::string_view::npos) {
    return detail::scaled(number, 1, text);
  }
  for (const detail::SizeUnit& unit : detail::kSizeUnits) {
    if (length > 0 && text.substr(length) == unit.name) return detail::scaled(number, unit.bytes, text);
  }
  return Error{Code::invalid_argument, "'" + std::string(text) + "' is not a size such as 4KiB, 64MiB or 1GiB", {}};
}

}  // namespace chi
