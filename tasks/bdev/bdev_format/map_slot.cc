// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The form of a slot: a head, and the extents in order. Its checksum covers all but itself.
#include "bdev_format/map_slot.h"

#include <cstring>
#include <string>

#include "bdev_format/crc32c.h"

namespace bdev {
namespace {

constexpr std::uint32_t kSlotMagic = 0x50414d42;  // "BMAP"

struct RawHead {
  std::uint32_t magic;
  std::uint32_t sum;  // of what follows
  Uuid volume;
  std::uint64_t generation;
  std::uint64_t count;
  std::uint64_t allocated;
  std::uint64_t used_end;
  std::uint64_t reserved;
};
static_assert(sizeof(RawHead) == 64);

struct RawExtent {
  std::uint64_t offset;
  std::uint64_t size;
  std::uint64_t owner;
};
constexpr std::size_t kSummed = 2 * sizeof(std::uint32_t);

chi::Error damaged(const std::string& text) { return {chi::Code::data_loss, "the allocation map: " + text, {}}; }

}  // namespace

std::uint64_t slot_capacity(std::uint64_t slot_size) noexcept {
  return (slot_size - sizeof(RawHead)) / sizeof(RawExtent);
}

AllocationMap empty_map(const Header& header) {
  return {header.geometry.data_size, header.geometry.block_size, slot_capacity(header.map_slot_size)};
}

std::vector<std::uint8_t> encode_slot(const AllocationMap& map, const Uuid& volume, std::uint64_t generation) {
  const std::size_t used = sizeof(RawHead) + map.extents() * sizeof(RawExtent);
  std::vector<std::uint8_t> out((used + kPage - 1) / kPage * kPage);
  RawHead head{kSlotMagic, 0, volume, generation, map.extents(), map.allocated(), map.used_end(), 0};
  std::uint8_t* at = out.data() + sizeof head;
  for (const Allocated& extent : map.list(0, std::nullopt, map.extents())) {
    const RawExtent raw{extent.range.offset, extent.range.size, extent.owner};
    std::memcpy(at, &raw, sizeof raw);
    at += sizeof raw;
  }
  std::memcpy(out.data(), &head, sizeof head);
  head.sum = crc32c({out.data() + kSummed, used - kSummed});
  std::memcpy(out.data(), &head, sizeof head);
  return out;
}

chi::Result<SlotHead> read_slot_head(const Header& header, std::span<const std::uint8_t> page) {
  RawHead head{};
  if (page.size() < sizeof head) return damaged("is cut short");
  std::memcpy(&head, page.data(), sizeof head);
  if (head.magic != kSlotMagic || head.volume != header.uuid) return damaged("is not this volume's");
  if (head.count > slot_capacity(header.map_slot_size)) return damaged("has more extents than room");
  return SlotHead{head.generation, sizeof head + head.count * sizeof(RawExtent)};
}

chi::Status decode_slot(const Header& header, std::span<const std::uint8_t> slot, AllocationMap& map) {
  chi::Result<SlotHead> found = read_slot_head(header, slot);
  if (!found.ok()) return std::move(found).error();
  if (slot.size() < found->bytes) return damaged("is cut short");
  RawHead head{};
  std::memcpy(&head, slot.data(), sizeof head);
  if (crc32c(slot.subspan(kSummed, found->bytes - kSummed)) != head.sum) return damaged("has a wrong checksum");
  for (std::uint64_t i = 0; i < head.count; ++i) {
    RawExtent raw{};
    std::memcpy(&raw, slot.data() + sizeof head + i * sizeof raw, sizeof raw);
    if (raw.offset % header.geometry.block_size != 0 || raw.size % header.geometry.block_size != 0) {
      return damaged("has an extent at " + std::to_string(raw.offset) + " that is not of whole blocks");
    }
    if (!map.add({{raw.offset, raw.size}, raw.owner})) {
      return damaged("the extent of " + std::to_string(raw.size) + " bytes at " + std::to_string(raw.offset) +
                     " is doubled, or outside of the volume");
    }
  }
  if (map.allocated() != head.allocated || map.allocated() + map.free() != map.size()) {
    return damaged("has leaked " + std::to_string(head.allocated - map.allocated()) + " bytes");
  }
  if (head.used_end < map.used_end() || head.used_end > map.size()) return damaged("uses more than it says");
  map.set_used_end(head.used_end);
  return {};
}

}  // namespace bdev
