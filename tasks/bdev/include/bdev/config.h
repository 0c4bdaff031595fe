// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How a pool of block devices is set up: `chimaera pool create disk -m bdev backend=file:/data/disk size=1073741824`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bdev {

// A file that is not there, or is empty, becomes a new volume; an existing one is opened as it is, and what is given
// here of its size, block_size, checksums and disk must not contradict it. All may be left out but one of backend,
// backends.
struct Config {
  // ram:SIZE, file:PATH or block:/dev/NAME, behind any number of layers: delay:MICROSECONDS:, error:N: (the Nth
  // operation fails), error:N+: (from the Nth on all do), short:N: (each Nth transfers half). SIZE is as
  // chi::parse_size reads it, "64MiB"; file:PATH?size=SIZE is the same as size. "{index}" stands for the container's
  // number; where there are several, each has a file of its own. Files and devices are the daemon's: other users' pools
  // can only be of memory.
  std::optional<std::string> backend;
  std::optional<std::vector<std::string>> backends;  // instead of `backend`: one for each container
  std::optional<std::uint64_t> size;                 // of a new one, of each container: bytes, rounded up to blocks
  std::optional<std::uint32_t> block_size;           // of a new one: 512 or 4096, which it is else
  std::optional<bool> checksums;                     // crc32c of each block, checked when it is read; else none
  std::optional<bool> disk;                          // all space is allocated from the start, to owner 0; else none
  std::optional<std::uint64_t> chunk;        // of several containers: bytes in one before the next one's turn; 1 MiB
  std::optional<std::uint32_t> queue_depth;  // operations under way at the backend, others wait; 128
  std::optional<bool> force;                 // make a volume of a file or device that has something else in it
};

}  // namespace bdev
