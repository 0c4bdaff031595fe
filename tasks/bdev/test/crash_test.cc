// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A loss of power after any operation of a workload: of what was not synced yet, a part of the seed's choice has
// reached the device, in sectors of 512 bytes. Whatever is left is a volume that has what was flushed, and no bytes of
// others.
#include <bdev/bdev.h>
#include <bdev/config.h>
#include <bdev/stat.h>
#include <chimaera/test_kit.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <vector>

#include "bdev_format/check.h"
#include "common/temp_folder.h"
#include "own_mounts.h"

namespace bdev {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kSize = 64 << 10;  // small, so that space is used again and again
constexpr std::size_t kExtents = 30;       // so many that the map takes several sectors

// What is known of an owner's space: `begun` of a change of which nobody has been told how it ended.
struct Owner {
  enum class State { begun, there, leaving, gone };
  State state = State::begun;
  std::uint32_t written = 0;  // the newest version
  std::uint32_t flushed = 0;
};
using Model = std::map<std::uint32_t, Owner>;

struct Operation {
  std::uint32_t kind = 0;  // CHI_IO_*
  std::uint64_t offset = 0;
  std::string bytes;
  Model known;  // when it began
};

class CrashTest : public OwnMounts, public ::testing::TestWithParam<bool> {
 protected:
  CrashTest() {
    (void)mount("memory", folder_.path(), "tmpfs", nullptr);  // else a disk, whose syncs take their time
    node_.watch_io([this](const chi_io& io) { note(io); });
  }
  void TearDown() override { unmount(); }

  std::string file() const { return folder_ / "volume"; }
  std::string image() const { return folder_ / "image"; }

  static chi::PoolOptions options(const std::string& path, std::uint64_t size, std::optional<bool> checksums) {
    Config config;
    config.backend = "file:" + path;
    if (size != 0) config.size = size;
    if (size != 0) config.block_size = 512;
    config.checksums = checksums;
    chi::PoolOptions out{.module = "bdev"};
    out.config = chi::Bytes(chi::encode_to_string(config));
    return out;
  }
  static std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void note(const chi_io& io) {
    if (!noting_) return;
    Operation out{io.operation, io.offset, {}, model_};
    if (io.operation == CHI_IO_WRITE) out.bytes.assign(static_cast<const char*>(io.data), io.size);
    if (io.operation == CHI_IO_FALLOCATE) out.bytes.assign(io.size, '\0');
    if (io.operation != CHI_IO_READ) operations_.push_back(std::move(out));
  }

  // Words of owner and version, so that each says whose it is.
  static std::string pattern(std::uint32_t owner, std::uint32_t version, std::uint64_t size) {
    std::string out(size, '\0');
    const std::uint32_t word[] = {owner, version};
    for (std::uint64_t at = 0; at < size; at += sizeof word) std::memcpy(out.data() + at, word, sizeof word);
    return out;
  }

  void run_workload(const chi::TestPool& disk) {
    std::mt19937 random(23);
    std::map<std::uint32_t, Extent> extents;
    for (std::uint32_t owner = 1; owner <= 90; ++owner) {
      if (extents.size() > kExtents || random() % 4 == 0) give_up(disk, extents, random());
      model_[owner] = {};
      const auto taken = disk.call<Allocate>((1 + random() % 6) * 512, 1u, owner).get();
      if (!taken.ok()) {
        model_.erase(owner);
        continue;
      }
      model_[owner].state = Owner::State::there;
      extents[owner] = taken->extents.at(0);
      for (std::uint32_t version = 1; version <= random() % 3; ++version) write(disk, owner, version, extents[owner]);
      if (random() % 3 == 0) flush(disk);
    }
    flush(disk);
  }
  void give_up(const chi::TestPool& disk, std::map<std::uint32_t, Extent>& extents, std::uint32_t random) {
    if (extents.empty()) return;
    const auto victim = std::next(extents.begin(), random % extents.size());
    model_[victim->first].state = Owner::State::leaving;
    ASSERT_TRUE(disk.call<Free>(std::vector<Extent>{victim->second}).get().ok());
    model_[victim->first].state = Owner::State::gone;
    extents.erase(victim);
  }
  void write(const chi::TestPool& disk, std::uint32_t owner, std::uint32_t version, const Extent& extent) {
    model_[owner].written = version;
    ASSERT_TRUE(disk.call<Write>(extent.offset, chi::Bytes(pattern(owner, version, extent.size))).get().ok());
  }
  void flush(const chi::TestPool& disk) {
    const Model before = model_;
    ASSERT_TRUE(disk.call<Flush>().get().ok());
    for (const auto& [owner, each] : before) model_[owner].flushed = each.written;
  }

  static void apply(const Operation& operation, std::string& to) {
    if (operation.kind != CHI_IO_FSYNC) to.replace(operation.offset, operation.bytes.size(), operation.bytes);
  }
  static void apply_partly(const Operation& operation, std::string& to, std::mt19937& random) {
    const std::uint64_t chance = random() % 3;  // none of it, all of it, or each sector by chance
    for (std::uint64_t at = 0; at < operation.bytes.size(); at += kSector) {
      if (chance == 0 || (chance == 1 && random() % 2 == 0)) continue;
      to.replace(operation.offset + at, kSector, operation.bytes, at, kSector);
    }
  }

  void expect_good(const std::string& bytes, const Model& known) {
    std::ofstream(image(), std::ios::binary | std::ios::trunc) << bytes;
    const CheckReport report = check_file(image()).value();
    ASSERT_TRUE(report.problems.empty()) << report.problems[0];
    const auto made = after_.create_pool("after", options(image(), 0, std::nullopt));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    std::map<std::uint32_t, bool> there;
    const ExtentsReply found = made->call<Extents>(0u).get().value();
    for (const OwnedExtent& each : found.extents) {
      const auto owner = static_cast<std::uint32_t>(each.owner);
      there[owner] = true;
      ASSERT_TRUE(known.count(owner)) << "an owner that never was: " << owner;
      const auto got = made->call<Read>(each.offset, each.size).get();
      ASSERT_TRUE(got.ok()) << got.error().to_string();
      expect_own(got->data.view(), owner, known.at(owner));
    }
    for (const auto& [owner, each] : known) {
      if (each.state == Owner::State::begun || each.state == Owner::State::leaving) continue;
      ASSERT_EQ(there[owner], each.state == Owner::State::there) << owner;
    }
    ASSERT_TRUE(after_.destroy_pool("after").ok());
  }
  static void expect_own(std::string_view data, std::uint32_t owner, const Owner& known) {
    for (std::size_t at = 0; at < data.size(); at += 8) {
      std::uint32_t word[2];
      std::memcpy(word, data.data() + at, sizeof word);
      ASSERT_EQ(word[0], word[1] == 0 ? 0 : owner) << "data of another owner at " << at;
      ASSERT_GE(word[1], known.flushed) << "lost what was flushed at " << at;
      ASSERT_LE(word[1], known.written);
    }
  }

  chi::test::TempFolder folder_;
  bool noting_ = false;
  Model model_;
  std::vector<Operation> operations_;
  chi::TestNode node_ = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  chi::TestNode after_ = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
};

INSTANTIATE_TEST_SUITE_P(Checksums, CrashTest, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "on" : "off"; });

TEST_P(CrashTest, WhateverReachedTheDeviceIsAVolume) {
  const chi::TestPool disk = node_.create_pool("disk", options(file(), kSize, GetParam())).value();
  std::string durable = contents(file());
  noting_ = true;
  run_workload(disk);
  noting_ = false;
  ASSERT_GT(operations_.size(), 300u);
  std::mt19937 random(7);
  std::size_t synced = 0;  // operations that a sync has covered
  for (std::size_t end = 0; end < operations_.size(); ++end) {
    const Operation& last = operations_[end];
    for (int attempt = 0; attempt < 2; ++attempt) {
      SCOPED_TRACE("operation " + std::to_string(end) + " of kind " + std::to_string(last.kind));
      std::string bytes = durable;
      for (std::size_t i = synced; i <= end; ++i) apply_partly(operations_[i], bytes, random);
      expect_good(bytes, last.known);
      if (HasFatalFailure()) return;
    }
    if (last.kind != CHI_IO_FSYNC) continue;
    for (; synced <= end; ++synced) apply(operations_[synced], durable);
  }
}

}  // namespace
}  // namespace bdev
