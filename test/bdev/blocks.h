// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Blocks that say which they are: each word of one follows from its number and how often it was written.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

namespace chi::test {

inline constexpr std::uint64_t kBlock = 4096;

inline std::uint64_t word_of(std::uint64_t block, std::uint64_t version, std::uint64_t i) {
  return (block * 0x9e3779b97f4a7c15u ^ version * 0xc2b2ae3d27d4eb4fu) + i * 0x165667b19e3779f9u;
}

inline void fill_block(std::uint8_t* at, std::uint64_t block, std::uint64_t version) {
  std::memcpy(at, &version, sizeof version);
  for (std::uint64_t i = 1; i < kBlock / 8; ++i) {
    const std::uint64_t word = word_of(block, version, i);
    std::memcpy(at + i * 8, &word, sizeof word);
  }
}

// The version, 0 for zeros; nothing when it is a mixture, or another block.
inline std::optional<std::uint64_t> version_of(const std::uint8_t* at, std::uint64_t block) {
  std::uint64_t version = 0;
  std::memcpy(&version, at, sizeof version);
  for (std::uint64_t i = 1; i < kBlock / 8; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, at + i * 8, sizeof word);
    if (word != (version == 0 ? 0 : word_of(block, version, i))) return std::nullopt;
  }
  return version;
}

}  // namespace chi::test
