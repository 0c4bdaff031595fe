// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Making a container's volume, or opening the one that is there. Blocks the thread.
#pragma once

#include <bdev/config.h>
#include <chimaera/result.h>

#include <cstdint>
#include <memory>

#include "backend.h"
#include "bdev_format/allocation_map.h"
#include "bdev_format/header.h"

namespace bdev {

struct OpenVolume {
  std::unique_ptr<Backend> backend;
  Header header;
  AllocationMap map;
  std::uint64_t generation = 0;  // of the map
  bool damaged_slot = false;     // the slot that counts less is not good; the next change writes it anew
};

// What nobody made is never written over: a volume that is there is opened as it is, an empty file becomes one, and
// everything else is refused with failed_precondition unless config.force says otherwise. A volume that is damaged
// beyond what its second header can mend is data_loss, and left alone, whatever config says.
chi::Result<OpenVolume> open_volume(const Config& config, std::uint32_t index, std::uint32_t count,
                                    const Outside& outside);

}  // namespace bdev
