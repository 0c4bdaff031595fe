// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How a pool of block devices is set up: `chimaera pool create disk -m bdev backend=file:/data/disk size=1073741824`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bdev {

// An existing volume is opened as it is, and what is given here must not contradict it; 0 and false agree with all. A
// file that is not there, or is empty, becomes a new volume.
struct Config {
  // ram:SIZE, file:PATH or block:/dev/NAME, behind any number of layers: delay:MICROSECONDS:, error:N: (the Nth
  // operation fails), error:N+: (from the Nth on all do), short:N: (the Nth transfers half). SIZE may have a suffix K,
  // M, G or T. "{index}" stands for the container's number; where there are several, each has a file of its own.
  // Files and devices are the daemon's: other users' pools can only be of memory.
  std::string backend;
  std::vector<std::string> backends;  // instead of `backend`: one for each container
  std::uint64_t size = 0;             // of a new file: bytes that can be used, rounded up to blocks
  std::uint32_t block_size = 0;       // of a new volume: 512 or 4096 (0)
  bool checksums = false;             // of a new volume: crc32c of each block, checked when it is read
  bool disk = false;                  // all of the space is allocated from the start, to owner 0
  std::uint64_t chunk = 1 << 20;      // of a new volume of several containers: bytes in one before the next one's turn
  std::uint32_t queue_depth = 128;    // operations under way at the backend; others wait
  bool force = false;                 // make a volume of a file or device that has something else in it
};

}  // namespace bdev
