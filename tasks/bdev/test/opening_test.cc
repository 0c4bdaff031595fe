// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What becomes of files: volumes that are there, files that are none, and volumes that are damaged.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "bdev_format/check.h"
#include "bdev_format/header.h"
#include "disk.h"

namespace bdev {
namespace {

using chi::Code;

class OpeningTest : public DiskTest {
 protected:
  static std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void store(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  static std::uint64_t size_of(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : UINT64_MAX;
  }
  static void flip(const std::string& path, std::uint64_t at) {
    const int fd = ::open(path.c_str(), O_RDWR);
    std::uint8_t byte = 0;
    EXPECT_EQ(::pread(fd, &byte, 1, static_cast<off_t>(at)), 1);
    byte ^= 0x20;
    EXPECT_EQ(::pwrite(fd, &byte, 1, static_cast<off_t>(at)), 1);
    ::close(fd);
  }
  bool is_good() const { return check_file(file()).value().problems.empty(); }

  // A volume with something in it, closed.
  std::string make_volume(const Config& config) {
    const chi::Pool disk = make("first", config);
    const Extent extent = disk.call<Allocate>(100'000u, 0u, 7u).get().value().extents.at(0);
    const chi::Buffer data = pattern(100'000, 9);
    EXPECT_EQ(write(disk, extent.offset, data), Code::ok);
    EXPECT_TRUE(disk.call<Flush>().get().ok());
    EXPECT_TRUE(client_.destroy_pool("first").ok());
    return std::string(data.view());
  }
  void expect_volume(const chi::Pool& disk, const std::string& data) {
    const ExtentsReply found = disk.call<Extents>(0u, 7u).get().value();
    ASSERT_EQ(found.extents.size(), 1u);
    EXPECT_EQ(read(disk, found.extents[0].offset, data.size()), data);
    EXPECT_TRUE(client_.destroy_pool(disk.name()).ok());
  }
};

TEST_F(OpeningTest, AVolumeIsThereAgain) {
  for (const bool checksums : {false, true}) {
    Config config = file_config();
    config.checksums = checksums;
    const std::string data = make_volume(config);
    EXPECT_TRUE(is_good());
    expect_volume(make("second", config), data);
    Config as_it_is;
    as_it_is.backend = config.backend;
    expect_volume(make("third", as_it_is), data);
    ::unlink(file().c_str());
  }
}

TEST_F(OpeningTest, WhatIsNoVolumeIsLeftAlone) {
  for (const std::string& text : {std::string("x"), std::string(5000, 'y'), std::string(100'000, '\0')}) {
    store(file(), text);
    EXPECT_EQ(fails(file_config()), Code::failed_precondition) << text.size();
    EXPECT_EQ(contents(file()), text);
  }
  Config forced = file_config();
  forced.force = true;
  const std::string data = make_volume(forced);
  expect_volume(make("again", forced), data);
  EXPECT_EQ(size_of(file()) % 4096, 0u);
}

// Neither of the file that was there before, nor of an owner of an earlier life.
TEST_F(OpeningTest, OldBytesAreNeverSeen) {
  store(file(), std::string(9 << 20, 'y'));
  Config config = file_config();
  config.force = true;
  chi::Pool disk = make("first", config);
  Extent all = disk.call<Allocate>(8u << 20, 1u).get().value().extents.at(0);
  EXPECT_EQ(read(disk, all.offset, all.size), std::string(all.size, '\0'));
  ASSERT_EQ(write(disk, all.offset, pattern(all.size, 1)), Code::ok);
  ASSERT_TRUE(disk.call<Free>(std::vector<Extent>{all}).get().ok());
  ASSERT_TRUE(client_.destroy_pool("first").ok());
  ::unlink(file().c_str());
  disk = make("second", file_config());
  all = disk.call<Allocate>(8u << 20, 1u).get().value().extents.at(0);
  ASSERT_EQ(write(disk, all.offset, pattern(all.size, 1)), Code::ok);
  ASSERT_TRUE(disk.call<Free>(std::vector<Extent>{all}).get().ok());
  ASSERT_TRUE(client_.destroy_pool("second").ok());
  disk = make("third", file_config());
  all = disk.call<Allocate>(8u << 20, 1u).get().value().extents.at(0);
  EXPECT_EQ(read(disk, all.offset, all.size), std::string(all.size, '\0'));
}

TEST_F(OpeningTest, AnEmptyFileBecomesAVolume) {
  store(file(), "");
  make_volume(file_config());
  EXPECT_TRUE(is_good());
}

TEST_F(OpeningTest, WhatFailsLeavesNoFile) {
  Config config = file_config();
  config.size = 0;
  EXPECT_EQ(fails(config), Code::invalid_argument);
  config.size = UINT64_MAX;
  EXPECT_EQ(fails(config), Code::invalid_argument);
  config.size = 1;
  EXPECT_EQ(fails(config), Code::invalid_argument);
  config.size = std::uint64_t{1} << 55;  // more than a file of this file system can have
  EXPECT_NE(fails(config), Code::ok);
  EXPECT_EQ(size_of(file()), UINT64_MAX);
}

TEST_F(OpeningTest, TwoContainersNeverHaveOneVolume) {
  const chi::Pool disk = make("disk", file_config());
  EXPECT_EQ(fails(file_config()), Code::failed_precondition);
  EXPECT_EQ(check_file(file()).code(), Code::failed_precondition);
  EXPECT_TRUE(disk.call<Allocate>(4096u).get().ok());
}

TEST_F(OpeningTest, WhatContradictsTheVolumeIsRefused) {
  const std::string data = make_volume(file_config());
  Config config = file_config();
  config.size = 16 << 20;
  EXPECT_EQ(fails(config), Code::failed_precondition);
  config = file_config();
  config.block_size = 512;
  EXPECT_EQ(fails(config), Code::failed_precondition);
  config = file_config();
  config.checksums = true;
  EXPECT_EQ(fails(config), Code::failed_precondition);
  config = file_config();
  config.disk = true;
  EXPECT_EQ(fails(config), Code::failed_precondition);
  expect_volume(make("again", file_config()), data);
}

TEST_F(OpeningTest, BackendsThatCannotBe) {
  const std::string missing = folder_ / "missing/all";
  const std::vector<std::string> impossible{"",
                                            "ram",
                                            "ram:",
                                            "ram:0",
                                            "ram:x",
                                            "ram:99999999999999999999",
                                            "ram:18446744073709551615",
                                            "ram:9999999999T",
                                            "file:",
                                            "file:relative",
                                            "file:/x?size=",
                                            "file:" + missing + "?size=1M",
                                            "disk:/x",
                                            "delay:ram:1M",
                                            "delay:99999999999:ram:1M",
                                            "error:0:ram:1M",
                                            "error:-1:ram:1M",
                                            "error:1",
                                            "short:0:ram:1M",
                                            "block:/dev/null",
                                            "file:/dev/null",
                                            "file:/tmp",
                                            "block:" + missing};
  for (const std::string& text : impossible) {
    Config config;
    config.backend = text;
    EXPECT_NE(fails(config), Code::ok) << text;
    EXPECT_NE(fails(config), Code::internal) << text;
  }
  Config config;
  config.backend = "ram:1M";
  config.block_size = 1000;
  EXPECT_EQ(fails(config), Code::invalid_argument);
}

TEST_F(OpeningTest, SizesAreWrittenAsEverywhere) {
  for (const std::string size : {"2097152", "2M", "2MiB", "2048KiB", "2097152B"}) {
    Config config;
    config.backend = "ram:" + size;
    const chi::Pool disk = make("disk-" + size, config);
    EXPECT_EQ(disk.call<Stat>().get().value().members.at(0).size, 2U << 20) << size;
  }
}

TEST_F(OpeningTest, ALinkIsNotFollowed) {
  store(folder_ / "other", "");
  ASSERT_EQ(::symlink((folder_ / "other").c_str(), file().c_str()), 0);
  EXPECT_EQ(fails(file_config()), Code::failed_precondition);
  EXPECT_EQ(size_of(folder_ / "other"), 0u);
}

TEST_F(OpeningTest, AnyDamageOfOneHeaderIsMended) {
  const std::string data = make_volume(file_config());
  const std::uint64_t end = size_of(file());
  const std::string good = contents(file());
  for (std::uint64_t at = 0; at < kPage; at += at < 80 ? 7 : 997) {
    for (const std::uint64_t copy : {std::uint64_t{0}, end - kPage}) {
      flip(file(), copy + at);
      const CheckReport report = check_file(file()).value();
      EXPECT_TRUE(report.problems.empty());
      EXPECT_EQ(report.notes.size(), 1u);
      expect_volume(make("again", file_config()), data);
      EXPECT_EQ(contents(file()), good) << "byte " << at << " of the header at " << copy;
    }
  }
}

TEST_F(OpeningTest, DamageOfBothHeadersIsRefusedEvenByForce) {
  make_volume(file_config());
  const std::uint64_t end = size_of(file());
  Config forced = file_config();
  forced.force = true;
  flip(file(), 100);
  flip(file(), end - kPage + 3000);
  const std::string damaged = contents(file());
  EXPECT_EQ(fails(file_config()), Code::data_loss);
  EXPECT_EQ(fails(forced), Code::data_loss);
  EXPECT_FALSE(is_good());
  EXPECT_EQ(contents(file()), damaged);
}

TEST_F(OpeningTest, OneDamagedMapIsThePastAndTwoAreRefused) {
  const std::string data = make_volume(file_config());
  const Header header =
      decode_header(std::span(reinterpret_cast<const std::uint8_t*>(contents(file()).data()), kPage)).value();
  flip(file(), header.map_slot(0) + 30);  // generation 2; the extent came with 3, in slot 1
  expect_volume(make("again", file_config()), data);
  flip(file(), header.map_slot(1) + 30);
  const std::string damaged = contents(file());
  EXPECT_EQ(fails(file_config()), Code::data_loss);
  EXPECT_FALSE(is_good());
  EXPECT_EQ(contents(file()), damaged);
}

TEST_F(OpeningTest, AFileThatWasCutIsRefused) {
  make_volume(file_config());
  const std::uint64_t end = size_of(file());
  ASSERT_EQ(::truncate(file().c_str(), static_cast<off_t>(end / 2)), 0);
  EXPECT_EQ(fails(file_config()), Code::data_loss);
  EXPECT_FALSE(is_good());
  ASSERT_EQ(::truncate(file().c_str(), static_cast<off_t>(end - 1)), 0);
  EXPECT_EQ(fails(file_config()), Code::data_loss);
}

// At any byte of it: what is made in this order is nothing yet, or a volume.
TEST_F(OpeningTest, AVolumeThatWasNeverFinishedIsMadeAnew) {
  Geometry geometry;
  geometry.data_size = 8 << 20;
  Header header = plan(geometry).value();
  const HeaderPage page = encode(header);
  store(file(), std::string(reinterpret_cast<const char*>(page.data()), page.size()));
  EXPECT_TRUE(is_good());
  const std::string data = make_volume(file_config());
  expect_volume(make("again", file_config()), data);
}

}  // namespace
}  // namespace bdev
