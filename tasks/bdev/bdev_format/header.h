// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The header of a volume, and where everything is in it (docs/design/0005-bdev.md). Two copies: the first and the last
// 4096 bytes. Nothing in it changes once the volume is ready. Plain values and functions, usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace bdev {

inline constexpr std::uint64_t kPage = 4096;  // unit of all that is not data
inline constexpr std::uint64_t kMinVolume = 64 << 10;
inline constexpr std::uint64_t kMaxVolume = std::uint64_t{1} << 56;

// A bit says that the checksums of a region may be older than its data; a page of them ends in its own checksum.
inline constexpr std::uint64_t kIntentRegion = 1 << 20;
inline constexpr std::uint64_t kIntentsPerPage = (kPage - 4) * 8;

using Uuid = std::array<std::uint8_t, 16>;
std::string to_string(const Uuid& uuid);

struct Geometry {
  std::uint32_t block_size = 4096;
  bool checksums = false;
  bool disk = false;
  std::uint32_t member = 0;  // of a volume of several containers: which of them this is
  std::uint32_t members = 1;
  std::uint64_t chunk = 0;      // 0: of one container
  std::uint64_t data_size = 0;  // bytes that can be used
};

struct Header {
  Uuid uuid{};
  bool ready = false;  // false: being made, and nothing is in it yet
  Geometry geometry;
  std::uint64_t map_slot_size = 0;   // the two slots begin at kPage
  std::uint64_t intents_offset = 0;  // of checksums: which regions are being written
  std::uint64_t intents_size = 0;
  std::uint64_t checksums_offset = 0;
  std::uint64_t checksums_size = 0;
  std::uint64_t data_offset = 0;
  std::uint64_t total_size = 0;  // of the file, the second header included

  std::uint64_t map_slot(unsigned slot) const noexcept { return kPage + slot * map_slot_size; }
  std::uint64_t second() const noexcept { return total_size - kPage; }
};

// Where everything goes in a volume of this geometry. invalid_argument when there is no such volume.
chi::Result<Header> plan(const Geometry& geometry);

// The same for a device of so many bytes, of which as many as possible become data.
chi::Result<Header> plan_for_device(Geometry geometry, std::uint64_t device_size);

using HeaderPage = std::array<std::uint8_t, kPage>;
HeaderPage encode(const Header& header);

// not_found: there is no header of a volume here. data_loss: there is one, and it is damaged. failed_precondition: of
// a later version. What it gives is consistent in itself.
chi::Result<Header> decode_header(std::span<const std::uint8_t> page);

// What two copies are good for.
struct Headers {
  Header header;
  bool repair_first = false;  // this copy is to be written anew from the other
  bool repair_second = false;
};
// Errors as of decode_header, of both copies together.
chi::Result<Headers> choose(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second);

}  // namespace bdev
