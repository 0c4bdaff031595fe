// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Names, numbers with units, and the help that an error text gives. Pure functions, usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace chi {

inline constexpr std::size_t kMaxNameLength = 64;

// A name of a module, method or field: a letter, then letters, digits and '_'; at most kMaxNameLength.
bool is_identifier(std::string_view text) noexcept;

// What may name a pool, whichever way a new name comes in, in words that complete "it must be ...". So a name is safe
// in a path and is never taken for an option, and "pool/3" is never ambiguous.
inline constexpr std::string_view kPoolNameRule =
    "1 to 64 letters (a-z, A-Z), digits, '_', '-' and '.', beginning with a letter or digit, and not 'admin'";
// The same of a daemon, which may be 'admin'.
inline constexpr std::string_view kDaemonNameRule = kPoolNameRule.substr(0, kPoolNameRule.find(", and not"));

// invalid_argument, with the name and the rule that it breaks.
Status check_daemon_name(std::string_view name);
Status check_pool_name(std::string_view name);

// The candidate that was probably meant, or empty when none is near.
std::string closest(std::string_view text, std::span<const std::string> candidates);

// "; did you mean 'x'?", or nothing.
std::string did_you_mean(std::string_view text, std::span<const std::string> candidates);

// "a, b, c"; "none" of none; at most `most` are named, then "and 7 more".
std::string list_of(std::span<const std::string> names, std::size_t most = 20);

// A whole decimal number, nothing around it.
Result<std::uint64_t> parse_number(std::string_view text);

// "50us", "1.5s", "10ms", "2m", "1h", "0" in nanoseconds; at most 2^62 ns. Only 0 may be without unit.
Result<std::uint64_t> parse_duration(std::string_view text);

// In the largest unit that gives a whole number: "1GiB"; what parse_size (chimaera/size.h) reads.
std::string format_size(std::uint64_t bytes);

// Rising numbers as the kernel lists CPUs: "0-3,6"; "none" of none.
std::string format_ranges(std::span<const std::uint32_t> numbers);

}  // namespace chi
