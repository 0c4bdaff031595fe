// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Bulk data that both ends can make and check: a pseudo-random pattern for each seed, and XXH3's 64-bit checksum.
// Pure functions.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace small_message {

inline std::uint64_t checksum(std::span<const std::uint8_t> bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// The first bytes of a seed's pattern, which goes on for ever (splitmix64, little-endian).
inline void fill_pattern(std::span<std::uint8_t> bytes, std::uint64_t seed) noexcept {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof seed) {
    seed += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31;
    const std::size_t left = bytes.size() - at;
    std::memcpy(bytes.data() + at, &mixed, left < sizeof mixed ? left : sizeof mixed);
  }
}

}  // namespace small_message
