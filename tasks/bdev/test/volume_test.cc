// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The built module in a runtime, as its callers see it, over each kind of backend.
#include <sys/stat.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "disk.h"

namespace bdev {
namespace {

struct Kind {
  const char* name;
  const char* layers;
  bool file;
  std::uint32_t block_size;
  bool checksums;
};

class EveryBackend : public DiskTest, public ::testing::WithParamInterface<Kind> {
 protected:
  static constexpr std::uint64_t kSize = 8 << 20;

  Config config(bool disk = false) const {
    Config out;
    out.backend = std::string(GetParam().layers) + (GetParam().file ? "file:" + file() : "ram:8M");
    out.size = kSize;
    out.block_size = GetParam().block_size;
    out.checksums = GetParam().checksums;
    out.disk = disk;
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(All, EveryBackend,
                         ::testing::Values(Kind{"ram", "", false, 4096, false}, Kind{"ram_sums", "", false, 512, true},
                                           Kind{"file", "", true, 4096, false}, Kind{"file_512", "", true, 512, false},
                                           Kind{"file_sums", "", true, 4096, true},
                                           Kind{"file_short", "short:2:", true, 4096, false},
                                           Kind{"ram_slow", "delay:50:short:3:", false, 4096, true}),
                         [](const auto& each) { return each.param.name; });

TEST_P(EveryBackend, ReadsWhatWasWritten) {
  const chi::Pool disk = make("disk", config());
  const std::vector<Extent> extents = disk.call<Allocate>(3u << 20).get().value().extents;
  ASSERT_EQ(extents.size(), 1u);
  const std::uint64_t base = extents[0].offset;
  EXPECT_EQ(read(disk, base, 3 << 20), std::string(3 << 20, '\0')) << "never written";
  for (std::uint64_t size : {4096, 1, 512, 100, 4097, 65536, 1048576, 2000000}) {
    for (std::uint64_t shift : {0, 512, 1, 4095}) {
      const chi::Buffer data = pattern(size, size + shift);
      ASSERT_EQ(write(disk, base + shift, data), chi::Code::ok) << size << " at " << shift;
      EXPECT_EQ(read(disk, base + shift, size), data.view()) << size << " at " << shift;
    }
  }
  EXPECT_TRUE(disk.call<Flush>().get().ok());
  EXPECT_TRUE(disk.call<Check>().get().value().reports.at(0).problems.empty());
}

// Against a plain string, with everything that changes bytes.
TEST_P(EveryBackend, RandomUseAgreesWithAModel) {
  const chi::Pool disk = make("disk", config(true));
  std::string model(kSize, '\0');
  std::mt19937_64 random(11);
  for (int step = 0; step < 300; ++step) {
    std::uint64_t size = 1 + random() % (std::uint64_t{1} << (1 + random() % 18));
    std::uint64_t offset = random() % (kSize - size);
    if (random() % 2) {
      offset = offset / 4096 * 4096;
      size = (size + 4095) / 4096 * 4096;
    }
    switch (random() % 6) {
      case 0:
        ASSERT_EQ(disk.call<Zero>(offset, size).get().value().size, size);
        std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(offset), size, '\0');
        break;
      case 1:
        ASSERT_EQ(disk.call<Trim>(offset, size).get().value().size, size);
        std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(offset), size, '\0');
        break;
      case 2: {
        const chi::Buffer target = client_.allocate_buffer(size).value();
        ASSERT_EQ(disk.call<ReadInto>(offset, target).get().value().size, size);
        ASSERT_EQ(target.view(), std::string_view(model).substr(offset, size));
        break;
      }
      default: {
        const chi::Buffer data = pattern(size + 8, random());
        const chi::Buffer part = data.slice(random() % 8, size);  // memory that begins anywhere
        ASSERT_EQ(write(disk, offset, part), chi::Code::ok);
        model.replace(offset, size, part.view());
      }
    }
  }
  EXPECT_EQ(read(disk, 0, kSize), model);
}

TEST_P(EveryBackend, ManyAtOnceAreOrderedWhereTheyOverlap) {
  const chi::Pool disk = make("disk", config(true));
  constexpr std::uint64_t kPart = 3000;  // three parts in each two blocks: neighbours share blocks
  std::vector<chi::Buffer> data;
  std::vector<chi::Future<SizeReply>> writes;
  data.reserve(100);
  writes.reserve(100);
  for (std::uint64_t i = 0; i < 100; ++i) data.push_back(pattern(kPart, i));
  for (std::uint64_t i = 0; i < 100; ++i) writes.push_back(disk.call<Write>(i * kPart, chi::Bytes::from(data[i])));
  for (auto& each : writes) ASSERT_TRUE(each.get().ok());
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(read(disk, i * kPart, kPart), data[i].view()) << i;
  // The same range: one of them stays, whole.
  writes.clear();
  for (std::uint64_t i = 0; i < 32; ++i) writes.push_back(disk.call<Write>(100u, chi::Bytes::from(data[i])));
  for (auto& each : writes) ASSERT_TRUE(each.get().ok());
  const std::string left = read(disk, 100, kPart);
  EXPECT_TRUE(std::any_of(data.begin(), data.begin() + 32, [&](const auto& each) { return each.view() == left; }));
}

TEST_P(EveryBackend, PiecesGoTogether) {
  const chi::Pool disk = make("disk", config(true));
  WriteV write_all;
  ReadV read_all;
  std::vector<chi::Buffer> data;
  for (std::uint64_t i = 0; i < 20; ++i) {
    data.push_back(pattern(4096 + i, i));
    write_all.pieces.push_back({i * 10'000, data.back()});
    read_all.pieces.push_back({i * 10'000, client_.allocate_buffer(4096 + i).value()});
  }
  EXPECT_EQ(disk.send(write_all).get().value().size, 20 * 4096u + 190);
  EXPECT_EQ(disk.send(read_all).get().value().size, 20 * 4096u + 190);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(read_all.pieces[i].memory.view(), data[i].view());
  write_all.pieces[3].offset = 10'001;
  EXPECT_EQ(disk.send(write_all).get().code(), chi::Code::invalid_argument);
}

TEST_P(EveryBackend, WhatCannotBeIsRefused) {
  const chi::Pool disk = make("disk", config());
  ASSERT_TRUE(disk.call<Allocate>(1u << 20).get().ok());
  const chi::Buffer data = pattern(8192, 1);
  const std::uint64_t huge = std::uint64_t{1} << 63;
  for (std::uint64_t offset : {kSize, kSize - 1, huge, UINT64_MAX, UINT64_MAX - 8191}) {
    EXPECT_EQ(write(disk, offset, data), chi::Code::invalid_argument) << offset;
    EXPECT_EQ(disk.call<Read>(offset, 8192u).get().code(), chi::Code::invalid_argument) << offset;
    EXPECT_EQ(disk.call<Zero>(offset, 8192u).get().code(), chi::Code::invalid_argument) << offset;
    EXPECT_EQ(disk.call<Trim>(offset, 8192u).get().code(), chi::Code::invalid_argument) << offset;
    EXPECT_EQ(disk.call<ReadInto>(offset, data).get().code(), chi::Code::invalid_argument) << offset;
    const std::vector<Piece> pieces{{0, data}, {offset, data}};
    EXPECT_EQ(disk.call<WriteV>(pieces).get().code(), chi::Code::invalid_argument) << offset;
    EXPECT_EQ(disk.call<ReadV>(pieces).get().code(), chi::Code::invalid_argument) << offset;
  }
  for (std::uint64_t size : {std::uint64_t{0}, huge, UINT64_MAX}) {
    EXPECT_EQ(disk.call<Read>(0u, size).get().code(), chi::Code::invalid_argument) << size;
    EXPECT_EQ(disk.call<Trim>(4096u, size).get().code(), chi::Code::invalid_argument) << size;
    EXPECT_EQ(disk.call<Free>(std::vector<Extent>{{4096, size}}).get().code(), chi::Code::invalid_argument) << size;
  }
  EXPECT_EQ(write(disk, 0, data.slice(0, 0)), chi::Code::invalid_argument);
  EXPECT_EQ(disk.call<Allocate>(0u).get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(disk.call<Allocate>(huge).get().code(), chi::Code::resource_exhausted);
  // Space that is not allocated, and a range that only begins in what is.
  EXPECT_EQ(write(disk, 2 << 20, data), chi::Code::failed_precondition);
  EXPECT_EQ(write(disk, (1 << 20) - 4096, data), chi::Code::failed_precondition);
  EXPECT_EQ(disk.call<Read>(2u << 20, 1u).get().code(), chi::Code::failed_precondition);
  EXPECT_EQ(disk.call<Free>(std::vector<Extent>{{2 << 20, 4096}}).get().code(), chi::Code::failed_precondition);
  EXPECT_EQ(disk.call<Free>(std::vector<Extent>{{1, 4096}}).get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(disk.call<WriteV>(std::vector<Piece>{}).get().code(), chi::Code::invalid_argument);
  EXPECT_EQ(disk.call<ReadV>(std::vector<Piece>{}).get().code(), chi::Code::invalid_argument);
  // (Of a call that fails as a whole, a piece that could be written may have been.)
  ASSERT_TRUE(disk.call<Zero>(0u, 8192u).get().ok());
  EXPECT_EQ(read(disk, 0, 1 << 20), std::string(1 << 20, '\0')) << "none of this wrote anything else";
}

TEST_P(EveryBackend, FreedSpaceComesBackAsZeros) {
  const chi::Pool disk = make("disk", config());
  const Extent first = disk.call<Allocate>(1u << 20, 0u, 1u).get().value().extents.at(0);
  ASSERT_EQ(write(disk, first.offset, pattern(1 << 20, 5)), chi::Code::ok);
  EXPECT_EQ(disk.call<Free>(std::vector<Extent>{first}).get().value().size, first.size);
  EXPECT_EQ(disk.call<Free>(std::vector<Extent>{first}).get().code(), chi::Code::failed_precondition);
  EXPECT_EQ(disk.call<Read>(first.offset, 1u).get().code(), chi::Code::failed_precondition);
  const Extent all = disk.call<Allocate>(kSize, 1u, 2u).get().value().extents.at(0);
  EXPECT_EQ(read(disk, all.offset, kSize), std::string(kSize, '\0')) << "old data of another owner";
  EXPECT_EQ(disk.call<Allocate>(1u).get().code(), chi::Code::resource_exhausted);
}

TEST_P(EveryBackend, SpaceHasOwners) {
  const chi::Pool disk = make("disk", config());
  std::vector<chi::Future<AllocateReply>> calls;
  calls.reserve(64);
  for (std::uint64_t i = 0; i < 64; ++i) calls.push_back(disk.call<Allocate>(10'000 + i, 0u, i % 4));
  std::set<std::uint64_t> offsets;
  for (auto& each : calls) offsets.insert(each.get().value().extents.at(0).offset);
  EXPECT_EQ(offsets.size(), 64u);
  std::uint64_t of_two = 0;
  const ExtentsReply owned = disk.call<Extents>(0u, 2u).get().value();
  for (const OwnedExtent& each : owned.extents) {
    EXPECT_EQ(each.owner, 2u);
    of_two += each.size;
  }
  const std::uint64_t block = GetParam().block_size;
  const std::uint64_t each = (10'063 + block - 1) / block * block;
  EXPECT_LE(of_two, 16 * each);
  EXPECT_GE(of_two, 16u * 10'000);
  EXPECT_FALSE(disk.call<Extents>(0u).get().value().more);
}

TEST_F(DiskTest, StatTellsWhatWasDone) {
  const chi::Pool disk = make("disk", file_config());
  const Extent extent = disk.call<Allocate>(1u << 20).get().value().extents.at(0);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(write(disk, extent.offset, pattern(8192, 1)), chi::Code::ok);
  EXPECT_EQ(write(disk, UINT64_MAX, pattern(8192, 1)), chi::Code::invalid_argument);
  const MemberStats stats = disk.call<Stat>().get().value().members.at(0);
  EXPECT_EQ(stats.size, 8u << 20);
  EXPECT_EQ(stats.free, 7u << 20);
  EXPECT_EQ(stats.extents, 1u);
  EXPECT_EQ(stats.block_size, 4096u);
  EXPECT_TRUE(stats.persistent);
  EXPECT_EQ(stats.backend, "file:" + file());
  EXPECT_EQ(stats.in_flight, 0u);
  const auto found = std::find_if(stats.operations.begin(), stats.operations.end(),
                                  [](const OperationStats& each) { return each.name == "write"; });
  ASSERT_NE(found, stats.operations.end());
  EXPECT_EQ(found->operations, 11u);
  EXPECT_EQ(found->failed, 1u);
  EXPECT_EQ(found->bytes, 81'920u);
  std::uint64_t counted = 0;
  for (const std::uint64_t each : found->histogram) counted += each;
  EXPECT_EQ(counted, 11u);
  EXPECT_GT(found->total_ns, 0u);
}

TEST_F(DiskTest, ATransferHasALimit) {
  Config config;
  config.backend = "ram:3G";
  config.disk = true;
  const chi::Pool disk = make("disk", config);
  const auto reply = disk.call<Read>(0u, kMaxTransfer + 1).get();
  ASSERT_EQ(reply.code(), chi::Code::invalid_argument);
  EXPECT_NE(reply.error().text.find("split it"), std::string::npos) << reply.error().text;
  EXPECT_EQ(disk.call<Trim>(0u, kMaxTransfer + 1).get().value().size, kMaxTransfer + 1) << "which moves no bytes";
}

TEST_F(DiskTest, TrimGivesSpaceBackAndZeroKeepsIt) {
  Config config = file_config();
  config.disk = true;
  const chi::Pool disk = make("disk", config);
  const auto taken = [this] {
    struct stat found{};
    EXPECT_EQ(::stat(file().c_str(), &found), 0);
    return static_cast<std::uint64_t>(found.st_blocks) * 512;
  };
  for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(write(disk, i << 20, pattern(1 << 20, i)), chi::Code::ok);
  ASSERT_TRUE(disk.call<Flush>().get().ok());
  const std::uint64_t before = taken();
  ASSERT_GE(before, 4u << 20);
  ASSERT_TRUE(disk.call<Zero>(0u, 1u << 20).get().ok());
  EXPECT_GE(taken(), before);
  ASSERT_TRUE(disk.call<Trim>(1u << 20, 2u << 20).get().ok());
  EXPECT_LE(taken(), before - (2 << 20));
  EXPECT_EQ(read(disk, 0, 3 << 20), std::string(3 << 20, '\0'));
  EXPECT_EQ(read(disk, 3 << 20, 1 << 20), pattern(1 << 20, 3).view());
}

TEST_F(DiskTest, ADiskHasAllOfItsSpace) {
  Config config = file_config();
  config.disk = true;
  const chi::Pool disk = make("disk", config);
  const chi::Buffer data = pattern(4096, 1);
  ASSERT_EQ(write(disk, (8 << 20) - 4096, data), chi::Code::ok);
  EXPECT_EQ(disk.call<Allocate>(4096u).get().code(), chi::Code::resource_exhausted);
  EXPECT_EQ(disk.call<Free>(std::vector<Extent>{{0, 4096}}).get().code(), chi::Code::failed_precondition);
  ASSERT_TRUE(client_.destroy_pool("disk").ok());
  EXPECT_EQ(read(make("again", config), (8 << 20) - 4096, 4096), data.view());
}

}  // namespace
}  // namespace bdev
