// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// An allocation map as it is on the device: one of two slots, the one with the higher generation counts. A slot that a
// crash left half-written fails its checksum, and the other one is the map. Plain functions, usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <span>
#include <vector>

#include "bdev_format/allocation_map.h"
#include "bdev_format/header.h"

namespace bdev {

// How many extents a slot has room for.
std::uint64_t slot_capacity(std::uint64_t slot_size) noexcept;

// The map in whole pages.
std::vector<std::uint8_t> encode_slot(const AllocationMap& map, const Uuid& volume, std::uint64_t generation);

struct SlotHead {
  std::uint64_t generation = 0;
  std::uint64_t bytes = 0;  // of the slot that count
};

// From a slot's first page. data_loss when it is none of this volume; whether its extents are good, decode_slot says.
chi::Result<SlotHead> read_slot_head(const Header& header, std::span<const std::uint8_t> page);

// data_loss when the bytes are not those that were written, or extents that no volume can have: outside of it, doubled,
// or more or less than the slot itself says. `map` is a fresh one.
chi::Status decode_slot(const Header& header, std::span<const std::uint8_t> slot, AllocationMap& map);

AllocationMap empty_map(const Header& header);

}  // namespace bdev
