// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Copies without anybody who asks for them.
#include "benchmark/block_copy.h"

#include <cstring>

namespace chi::bench {

BlockCopy::BlockCopy(std::uint64_t size) : region_(size, 1) {}

BlockFigures BlockCopy::run(const BlockPattern& pattern, nanoseconds slice) {
  BlockOffsets offsets(pattern, region_.size());
  std::vector<std::vector<std::uint8_t>> buffers(pattern.depth, std::vector<std::uint8_t>(pattern.size, 1));
  std::uint64_t copies = 0;
  const auto turn = [&] {
    for (auto& buffer : buffers) {
      std::uint8_t* at = region_.data() + offsets.next();
      std::memcpy(pattern.write ? at : buffer.data(), pattern.write ? buffer.data() : at, pattern.size);
      asm volatile("" : : "r"(at), "r"(buffer.data()) : "memory");
      ++copies;
    }
    return true;
  };
  repeat_for(slice / 10, turn);
  copies = 0;
  const std::uint64_t ns = repeat_for(slice, turn);
  BlockFigures out;
  out.iops = ratio(static_cast<double>(copies) * 1e9, static_cast<double>(ns));
  return out;
}

}  // namespace chi::bench
