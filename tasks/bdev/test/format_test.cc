// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a volume is on the device: headers, maps, checksums.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "bdev_format/check.h"
#include "bdev_format/crc32c.h"
#include "bdev_format/header.h"
#include "bdev_format/map_slot.h"

namespace bdev {
namespace {

Header header_of(std::uint64_t size, bool checksums = false) {
  Geometry geometry;
  geometry.data_size = size;
  geometry.checksums = checksums;
  Header out = plan(geometry).value();
  out.ready = true;
  out.uuid.fill(7);
  return out;
}

TEST(Crc32c, IsTheStandardOneInBothWays) {
  const std::string nine = "123456789";
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(nine.data()), nine.size());
  EXPECT_EQ(crc32c(bytes), 0xe3069283u);
  EXPECT_EQ(crc32c_by_table(bytes), 0xe3069283u);
  std::mt19937 random(1);
  std::vector<std::uint8_t> block(20'000);
  for (auto& byte : block) byte = static_cast<std::uint8_t>(random());
  for (std::size_t size : {0, 1, 7, 8, 511, 512, 4079, 4080, 4081, 4096, 8192, 19'999}) {
    const std::span<const std::uint8_t> part(block.data() + 1, size);
    EXPECT_EQ(crc32c(part), crc32c_by_table(part)) << size;
  }
}

TEST(Header, IsWhatWasWritten) {
  for (std::uint64_t size : {std::uint64_t{64} << 10, std::uint64_t{1} << 30, std::uint64_t{1} << 50}) {
    for (bool checksums : {false, true}) {
      Header header = header_of(size, checksums);
      const Header read = decode_header(encode(header)).value();
      EXPECT_EQ(read.uuid, header.uuid);
      EXPECT_EQ(read.geometry.data_size, size);
      EXPECT_EQ(read.geometry.checksums, checksums);
      EXPECT_EQ(read.total_size, header.total_size);
      EXPECT_GE(read.second(), read.data_offset + size);
      EXPECT_GE(read.data_offset, checksums ? read.checksums_offset + read.checksums_size : read.map_slot(2));
      EXPECT_GE(read.checksums_size, checksums ? size / 4096 * 4 : 0);
    }
  }
}

TEST(Header, AFlippedByteIsSeenOrMended) {
  const Header header = header_of(1 << 20);
  const HeaderPage good = encode(header);
  for (std::size_t i = 0; i < kPage; ++i) {
    HeaderPage bad = good;
    bad[i] ^= static_cast<std::uint8_t>(1u << i % 8);
    EXPECT_FALSE(decode_header(bad).ok()) << i;
    const Headers first = choose(bad, good).value();
    EXPECT_TRUE(first.repair_first && !first.repair_second) << i;
    EXPECT_EQ(first.header.total_size, header.total_size);
    const Headers second = choose(good, bad).value();
    EXPECT_TRUE(second.repair_second && !second.repair_first) << i;
    const chi::Result<Headers> none = choose(bad, bad);
    EXPECT_FALSE(none.ok());
    EXPECT_EQ(none.code(), i < 8 ? chi::Code::not_found : chi::Code::data_loss) << i;
  }
}

TEST(Header, TwoOfDifferentVolumesAreRefused) {
  Header other = header_of(1 << 20);
  other.uuid.fill(8);
  EXPECT_EQ(choose(encode(header_of(1 << 20)), encode(other)).code(), chi::Code::data_loss);
}

TEST(Header, ImpossibleGeometriesAreRefused) {
  Geometry geometry;
  for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, kMinVolume - 4096, kMaxVolume + 4096, UINT64_MAX}) {
    geometry.data_size = size;
    EXPECT_EQ(plan(geometry).code(), chi::Code::invalid_argument) << size;
  }
  geometry.data_size = 1 << 20;
  geometry.block_size = 1024;
  EXPECT_EQ(plan(geometry).code(), chi::Code::invalid_argument);
  geometry.block_size = 512;
  geometry.members = 2;
  EXPECT_EQ(plan(geometry).code(), chi::Code::invalid_argument) << "no chunk";
  geometry.chunk = 3 << 12;
  EXPECT_EQ(plan(geometry).code(), chi::Code::invalid_argument) << "a part of a chunk";
}

TEST(Header, ADeviceIsUsedToItsEnd) {
  for (std::uint64_t size : {200'000ull, 1ull << 20, (1ull << 30) + 4097, 1ull << 45}) {
    const Header header = plan_for_device({}, size).value();
    EXPECT_LE(header.total_size, size);
    EXPECT_GT(header.total_size + (2 << 20), size);
    Geometry more = header.geometry;
    more.data_size += kPage;
    EXPECT_GT(plan(more).value().total_size, size);
  }
  EXPECT_FALSE(plan_for_device({}, 10'000).ok());
}

TEST(AllocationMap, GivesFewLargeExtents) {
  AllocationMap map(1 << 20, 4096, 100);
  EXPECT_EQ(map.allocate(1 << 20, 1, 1).value().size(), 1u);
  EXPECT_EQ(map.allocate(1, 1, 1).code(), chi::Code::resource_exhausted);
  const Range holes[] = {{8192, 4096}, {40960, 16384}, {102400, 8192}};
  ASSERT_TRUE(map.release(holes).ok());
  map.give_back(holes);
  EXPECT_EQ(map.allocate(8192, 1, 2).value().at(0).offset, 102400u) << "the smallest that is enough";
  const auto parts = map.allocate(20480, 9, 2).value();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].offset, 40960u);
  EXPECT_EQ(parts[1].offset, 8192u);
  EXPECT_EQ(map.free(), 0u);
}

TEST(AllocationMap, SaysWhatIsFree) {
  AllocationMap map(1 << 20, 4096, 100);
  ASSERT_TRUE(map.allocate((1 << 20) - 8192, 1, 1).ok());
  const chi::Result<std::vector<Range>> refused = map.allocate(12'288, 1, 1);
  ASSERT_EQ(refused.code(), chi::Code::resource_exhausted);
  EXPECT_NE(refused.error().text.find("8192 of 1048576 are free"), std::string::npos) << refused.error().text;
  EXPECT_EQ(map.free(), 8192u);
  EXPECT_EQ(map.allocate(0, 1, 1).code(), chi::Code::invalid_argument);
  EXPECT_EQ(map.allocate(UINT64_MAX, 1, 1).code(), chi::Code::resource_exhausted);
}

TEST(AllocationMap, AFullMapCanStillBeFreed) {
  AllocationMap map(1 << 20, 4096, 2);
  const auto first = map.allocate(65536, 1, 1).value();
  const auto second = map.allocate(65536, 1, 2).value();
  EXPECT_EQ(map.allocate(4096, 1, 3).code(), chi::Code::resource_exhausted);
  const Range middle[] = {{4096, 4096}};
  EXPECT_EQ(map.release(middle).code(), chi::Code::resource_exhausted) << "it would be three";
  EXPECT_TRUE(map.covers({0, 131072}));
  ASSERT_TRUE(map.release(first).ok());
  map.give_back(first);
  EXPECT_TRUE(map.allocate(4096, 1, 3).ok());
}

// Against a plain array of owners.
TEST(AllocationMap, RandomUseAgreesWithAModel) {
  std::mt19937_64 random(3);
  constexpr std::uint64_t kBlocks = 300;
  const Header header = header_of(kBlocks * 4096);
  AllocationMap map = empty_map(header);
  std::vector<std::uint64_t> owners(kBlocks);  // 0: free
  for (int step = 0; step < 5000; ++step) {
    const std::uint64_t owner = 1 + random() % 3;
    if (random() % 2) {
      const auto taken = map.allocate((1 + random() % 40) * 4096, 1 + random() % 4, owner);
      if (!taken.ok()) continue;
      for (const Range& range : *taken) {
        for (std::uint64_t b = range.offset / 4096; b < range.end() / 4096; ++b) {
          ASSERT_EQ(owners[b], 0u);
          owners[b] = owner;
        }
      }
    } else {
      const Range range{random() % kBlocks * 4096, (1 + random() % 20) * 4096};
      bool all = range.end() <= kBlocks * 4096;
      for (std::uint64_t b = range.offset / 4096; all && b < range.end() / 4096; ++b) all = owners[b] != 0;
      ASSERT_EQ(map.covers(range), all);
      const auto released = map.release(std::span(&range, 1));
      ASSERT_EQ(released.ok(), all);
      if (!all) continue;
      if (random() % 4 == 0) {
        map.undo_release(*released);
        continue;
      }
      map.give_back(std::span(&range, 1));
      for (std::uint64_t b = range.offset / 4096; b < range.end() / 4096; ++b) owners[b] = 0;
    }
    const auto used = static_cast<std::uint64_t>(std::count_if(owners.begin(), owners.end(), [](auto o) { return o; }));
    ASSERT_EQ(map.allocated(), used * 4096);
    ASSERT_EQ(map.free() + map.allocated(), map.size());
  }
  AllocationMap again = empty_map(header);
  const std::vector<std::uint8_t> slot = encode_slot(map, header.uuid, 9);
  ASSERT_TRUE(decode_slot(header, slot, again).ok());
  for (const Allocated& each : again.list(0, std::nullopt, 1000)) {
    for (std::uint64_t b = each.range.offset / 4096; b < each.range.end() / 4096; ++b) EXPECT_EQ(owners[b], each.owner);
  }
  EXPECT_EQ(again.used_end(), map.used_end());
}

TEST(MapSlot, AFlippedByteIsSeen) {
  const Header header = header_of(1 << 20);
  AllocationMap map = empty_map(header);
  ASSERT_TRUE(map.allocate(65536, 1, 5).ok());
  const std::vector<std::uint8_t> good = encode_slot(map, header.uuid, 4);
  const std::size_t used = read_slot_head(header, good).value().bytes;
  for (std::size_t i = 0; i < used; ++i) {
    std::vector<std::uint8_t> bad = good;
    bad[i] ^= 0x10;
    AllocationMap read = empty_map(header);
    EXPECT_EQ(decode_slot(header, bad, read).code(), chi::Code::data_loss) << i;
  }
}

// A slot whose checksum is right, and whose extents are not.
std::vector<std::uint8_t> forged(const Header& header, std::vector<std::array<std::uint64_t, 3>> extents,
                                 std::uint64_t allocated) {
  AllocationMap map = empty_map(header);
  std::vector<std::uint8_t> out = encode_slot(map, header.uuid, 5);
  const std::uint64_t count = extents.size();
  const std::uint64_t used_end = header.geometry.data_size;
  std::memcpy(out.data() + 32, &count, 8);
  std::memcpy(out.data() + 40, &allocated, 8);
  std::memcpy(out.data() + 48, &used_end, 8);
  std::memcpy(out.data() + 64, extents.data(), count * 24);
  const std::uint32_t sum = crc32c({out.data() + 8, 56 + count * 24});
  std::memcpy(out.data() + 4, &sum, 4);
  return out;
}

TEST(Check, FindsDoubledAndLeakedExtents) {
  const Header header = header_of(1 << 20);
  const HeaderPage page = encode(header);
  Image image{{page.begin(), page.end()}, {page.begin(), page.end()}, {}};
  image.slots[0] = image.slots[1] = forged(header, {{0, 8192, 1}, {8192, 4096, 2}}, 12288);
  CheckReport good = examine("x", image);
  EXPECT_TRUE(good.problems.empty()) << good.problems.at(0);
  EXPECT_EQ(good.extents, 2u);
  EXPECT_EQ(good.allocated, 12288u);
  const auto problem = [&](std::vector<std::array<std::uint64_t, 3>> extents, std::uint64_t allocated) {
    image.slots[0] = image.slots[1] = forged(header, std::move(extents), allocated);
    const CheckReport report = examine("x", image);
    return report.problems.empty() ? std::string() : report.problems[0];
  };
  EXPECT_NE(problem({{0, 8192, 1}, {4096, 8192, 2}}, 16384).find("doubled"), std::string::npos);
  EXPECT_NE(problem({{0, 8192, 1}}, 16384).find("leaked 8192"), std::string::npos);
  EXPECT_NE(problem({{1 << 20, 4096, 1}}, 4096).find("outside"), std::string::npos);
  EXPECT_NE(problem({{UINT64_MAX - 4095, 4096, 1}}, 4096).find("outside"), std::string::npos);
  EXPECT_NE(problem({{1, 4096, 1}}, 4096).find("whole blocks"), std::string::npos);
  // One good slot is enough: the other is what a crash leaves.
  image.slots[0] = forged(header, {{0, 8192, 1}}, 8192);
  const CheckReport report = examine("x", image);
  EXPECT_TRUE(report.problems.empty());
  EXPECT_FALSE(report.notes.empty());
}

}  // namespace
}  // namespace bdev
