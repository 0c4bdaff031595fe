// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Text of lines "Name: value". A LineFinder is made once for a name, and then used for many texts; immutable.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kv {

class LineFinder {
 public:
  // Fails with invalid_argument when no line can have this name: it is empty, or has a ':' or a line's end.
  static chi::Result<LineFinder> of(std::string_view name);

  // What follows the name in the first line that has it, without the blanks around it; none when there is no such line.
  std::optional<std::string_view> find(std::string_view text) const noexcept;

 private:
  explicit LineFinder(std::string_view name) : needle_("\n" + std::string(name) + ":") {}

  std::string needle_;
};

// A decimal number, perhaps with a sign, and nothing else; none when it is anything else, or too large.
std::optional<std::int64_t> whole_number(std::string_view text) noexcept;

}  // namespace kv
