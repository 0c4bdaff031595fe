// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which keys a key-value workload asks for: drawn beforehand, so that the draw is no part of what is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"

namespace chi::bench {

enum class KeyChoice : std::uint8_t { uniform, zipfian };

inline constexpr double kZipfExponent = 0.99;  // as YCSB has it

// Evenly from [0, 1).
double fraction(Random& random) noexcept;

const char* name_of(KeyChoice choice) noexcept;

// `count` numbers below `keys`; the same ones for the same seed. zipfian: the n-th most popular key is drawn in
// proportion to 1 / n^kZipfExponent, and the popular ones are scattered over all numbers. Precondition: keys > 0.
std::vector<std::uint32_t> draw_keys(KeyChoice choice, std::uint32_t keys, std::size_t count, std::uint64_t seed);

// "key:000000000042": the form that redis-benchmark uses.
std::string key_text(std::uint32_t number);

}  // namespace chi::bench
