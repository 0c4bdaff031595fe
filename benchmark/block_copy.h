// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What memory gives at all: memcpy between a region as large as a volume and buffers of a pattern's size, as many as
// are under way there.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "benchmark/block_load.h"

namespace chi::bench {

// Of the calling thread, on its CPU.
class BlockCopy {
 public:
  explicit BlockCopy(std::uint64_t size);

  BlockFigures run(const BlockPattern& pattern, nanoseconds slice);

 private:
  std::vector<std::uint8_t> region_;
};

}  // namespace chi::bench
