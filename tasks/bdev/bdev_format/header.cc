// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The form of a header, and what is believed of one: all of it is covered by its checksum, and all numbers must be what
// plan() gives for its geometry, so that no offset is ever taken from a file without being checked.
#include "bdev_format/header.h"

#include <algorithm>
#include <cstring>

#include "bdev_format/crc32c.h"

namespace bdev {
namespace {

constexpr std::uint64_t kMagic = 0x0156454442494843;  // "CHIBDEV" and 1
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kDataAlignment = 1 << 20;

struct Raw {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t ready;
  Uuid uuid;
  std::uint32_t block_size;
  std::uint32_t flags;
  std::uint32_t member;
  std::uint32_t members;
  std::uint64_t chunk;
  std::uint64_t data_size;
};
static_assert(sizeof(Raw) == 64);
constexpr std::uint32_t kChecksums = 1;
constexpr std::uint32_t kDisk = 2;
constexpr std::size_t kSumAt = kPage - sizeof(std::uint32_t);

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

chi::Error bad(std::string text) { return {chi::Code::invalid_argument, std::move(text), {}}; }

chi::Status check(const Geometry& geometry) {
  if (geometry.block_size != 512 && geometry.block_size != 4096) {
    return bad("block_size is 512 or 4096, not " + std::to_string(geometry.block_size));
  }
  if (geometry.data_size < kMinVolume || geometry.data_size > kMaxVolume) {
    return bad("a volume has " + std::to_string(kMinVolume) + " to " + std::to_string(kMaxVolume) + " bytes, not " +
               std::to_string(geometry.data_size) + ": give another size");
  }
  if (geometry.data_size % geometry.block_size != 0) return bad("the size of a volume is a multiple of its block_size");
  if (geometry.members == 0 || geometry.member >= geometry.members)
    return bad("a container that is none of the pool's");
  if ((geometry.members == 1) != (geometry.chunk == 0)) return bad("several containers need a chunk, one has none");
  if (geometry.chunk % kPage != 0 || geometry.chunk > kMaxVolume ||
      (geometry.chunk != 0 && geometry.data_size % geometry.chunk != 0)) {
    return bad("chunk is a multiple of 4096, and the size of each container one of chunk");
  }
  return {};
}

}  // namespace

std::string to_string(const Uuid& uuid) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[uuid[i] >> 4];
    out += kDigits[uuid[i] & 15];
  }
  return out;
}

chi::Result<Header> plan(const Geometry& geometry) {
  chi::Status good = check(geometry);
  if (!good.ok()) return std::move(good).error();
  Header out;
  out.geometry = geometry;
  const std::uint64_t size = geometry.data_size;
  out.map_slot_size = std::clamp<std::uint64_t>(round_up(size / 256, kPage), 8 << 10, 16 << 20);
  std::uint64_t at = out.map_slot(2);
  if (geometry.checksums) {
    out.intents_offset = at;
    out.intents_size = round_up(size, kIntentRegion * kIntentsPerPage) / (kIntentRegion * kIntentsPerPage) * kPage;
    out.checksums_offset = at += out.intents_size;
    out.checksums_size = round_up(size / geometry.block_size * sizeof(std::uint32_t), kPage);
    at += out.checksums_size;
  }
  out.data_offset = round_up(at, size < 16 * kDataAlignment ? kPage : kDataAlignment);
  out.total_size = round_up(out.data_offset + size, kPage) + kPage;
  return out;
}

chi::Result<Header> plan_for_device(Geometry geometry, std::uint64_t device_size) {
  const std::uint64_t unit = std::max<std::uint64_t>(geometry.chunk, kPage);
  std::uint64_t low = 0;
  std::uint64_t high = std::min(device_size, kMaxVolume) / unit;
  while (low < high) {  // the most units that fit
    const std::uint64_t middle = low + (high - low + 1) / 2;
    geometry.data_size = middle * unit;
    const chi::Result<Header> fits = plan(geometry);
    if (geometry.data_size < kMinVolume || (fits.ok() && fits->total_size <= device_size)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  geometry.data_size = low * unit;
  return plan(geometry);
}

HeaderPage encode(const Header& header) {
  const Geometry& geometry = header.geometry;
  HeaderPage page{};
  Raw raw{};
  raw.magic = kMagic;
  raw.version = kVersion;
  raw.ready = header.ready;
  raw.uuid = header.uuid;
  raw.block_size = geometry.block_size;
  raw.flags = (geometry.checksums ? kChecksums : 0) | (geometry.disk ? kDisk : 0);
  raw.member = geometry.member;
  raw.members = geometry.members;
  raw.chunk = geometry.chunk;
  raw.data_size = geometry.data_size;
  std::memcpy(page.data(), &raw, sizeof raw);
  const std::uint32_t sum = crc32c({page.data(), kSumAt});
  std::memcpy(page.data() + kSumAt, &sum, sizeof sum);
  return page;
}

chi::Result<Header> decode_header(std::span<const std::uint8_t> page) {
  Raw raw{};
  if (page.size() < kPage) return chi::Error{chi::Code::not_found, "too short for a header", {}};
  std::memcpy(&raw, page.data(), sizeof raw);
  if (raw.magic != kMagic) return chi::Error{chi::Code::not_found, "there is no volume's header", {}};
  std::uint32_t sum = 0;
  std::memcpy(&sum, page.data() + kSumAt, sizeof sum);
  if (crc32c(page.first(kSumAt)) != sum) {
    return chi::Error{chi::Code::data_loss, "its header is damaged: the checksum is not that of its bytes", {}};
  }
  if (raw.version != kVersion || raw.ready > 1 || raw.flags > (kChecksums | kDisk)) {
    return chi::Error{chi::Code::failed_precondition,
                      "it is of the format " + std::to_string(raw.version) + ", and this version knows " +
                          std::to_string(kVersion) + " only: open it with a later one",
                      {}};
  }
  Geometry geometry{
      raw.block_size, (raw.flags & kChecksums) != 0, (raw.flags & kDisk) != 0, raw.member, raw.members, raw.chunk,
      raw.data_size};
  chi::Result<Header> planned = plan(geometry);
  if (!planned.ok()) return chi::Error{chi::Code::data_loss, "its header is wrong: " + planned.error().text, {}};
  planned->uuid = raw.uuid;
  planned->ready = raw.ready == 1;
  return planned;
}

chi::Result<Headers> choose(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) {
  chi::Result<Header> a = decode_header(first);
  chi::Result<Header> b = decode_header(second);
  if (a.ok() && b.ok() && a->ready && b->ready && std::memcmp(first.data(), second.data(), kPage) != 0) {
    return chi::Error{chi::Code::data_loss, "its two headers are of different volumes: restore it from a copy", {}};
  }
  // The first is written before and after the second: alone, and ready, it was so once.
  if (a.ok()) return Headers{*a, false, a->ready && !(b.ok() && b->ready)};
  if (b.ok() && b->ready) return Headers{*b, true, false};
  if (a.code() == chi::Code::not_found && !b.ok() && b.code() != chi::Code::not_found) return std::move(b).error();
  return std::move(a).error();
}

}  // namespace bdev
