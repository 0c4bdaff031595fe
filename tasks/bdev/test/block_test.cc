// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Raw block devices: what is on one is never written over without a word.
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "disk.h"
#include "loop_device.h"

namespace bdev {
namespace {

using chi::Code;

class BlockTest : public DiskTest {
 protected:
  static constexpr std::uint64_t kDeviceSize = 32 << 20;

  Config on(const LoopDevice& device) const {
    Config config;
    config.backend = "block:" + device.path();
    return config;
  }
  // A file of that size whose every byte is '?', but for what it begins with.
  void fill(const std::string& begin) const {
    std::string bytes(kDeviceSize, '?');
    bytes.replace(0, begin.size(), begin);
    std::ofstream(file(), std::ios::binary) << bytes;
  }
};

TEST_F(BlockTest, OldBytesOfADeviceAreNeverSeen) {
  for (const bool disk : {false, true}) {
    fill("");
    const LoopDevice device(file());
    if (!device.ok()) GTEST_SKIP() << "there are no loop devices here";
    Config config = on(device);
    config.disk = disk;
    const chi::Pool pool = make("disk", config);
    const MemberStats stats = pool.call<Stat>().get().value().members.at(0);
    EXPECT_GT(stats.size, kDeviceSize - (2 << 20));
    if (!disk) {
      ASSERT_TRUE(pool.call<Allocate>(stats.size, 1u).get().ok());
    }
    EXPECT_EQ(read(pool, 0, stats.size), std::string(stats.size, '\0'));
    const chi::Buffer data = pattern(100'000, 3);
    ASSERT_EQ(write(pool, 4097, data), Code::ok);
    ASSERT_TRUE(pool.call<Trim>(0u, 4096u).get().ok());
    ASSERT_TRUE(client_.destroy_pool("disk").ok());
    EXPECT_EQ(read(make("again", config), 4097, 100'000), data.view());
    ASSERT_TRUE(client_.destroy_pool("again").ok());
  }
}

TEST_F(BlockTest, ADeviceWithSomethingOnItIsRefused) {
  fill(std::string("LUKS\xba\xbe\0\1", 8) + std::string(600, '\0'));
  const LoopDevice device(file());
  if (!device.ok()) GTEST_SKIP() << "there are no loop devices here";
  chi::Result<chi::Pool> refused = try_make("disk", on(device));
  ASSERT_EQ(refused.code(), Code::failed_precondition);
  EXPECT_NE(refused.error().text.find("crypto_LUKS"), std::string::npos) << refused.error().text;
  char begin[4] = {};
  std::ifstream(file(), std::ios::binary).read(begin, sizeof begin);
  EXPECT_EQ(std::string(begin, 4), "LUKS");
  Config forced = on(device);
  forced.force = true;
  make("disk", forced);
  EXPECT_TRUE(client_.pool("disk").call<Allocate>(4096u).get().ok());
}

TEST_F(BlockTest, APartitionedDeviceIsRefused) {
  std::string table(512, '\0');
  const unsigned char entry[16] = {0, 0, 2, 0, 0x83, 0,    3, 0,
                                   0, 8, 0, 0, 0,    0x10, 0, 0};  // Linux, from 1 MiB on, 2 MiB
  std::copy(std::begin(entry), std::end(entry), table.begin() + 446);
  table.replace(510, 2, "\x55\xaa");
  fill(table);
  const LoopDevice device(file());
  if (!device.ok()) GTEST_SKIP() << "there are no loop devices here";
  chi::Result<chi::Pool> refused = try_make("disk", on(device));
  ASSERT_EQ(refused.code(), Code::failed_precondition);
  EXPECT_NE(refused.error().text.find("dos"), std::string::npos) << refused.error().text;
  std::string begin(512, '?');
  std::ifstream(file(), std::ios::binary).read(begin.data(), 512);
  EXPECT_EQ(begin, table);
}

TEST_F(BlockTest, ADeviceInUseIsRefused) {
  fill("");
  const LoopDevice device(file());
  if (!device.ok()) GTEST_SKIP() << "there are no loop devices here";
  const int other = ::open(device.path().c_str(), O_RDWR | O_EXCL | O_CLOEXEC);  // as a mount has it
  ASSERT_GE(other, 0);
  EXPECT_EQ(fails(on(device)), Code::failed_precondition);
  ::close(other);
  EXPECT_EQ(fails(on(device)), Code::ok);
}

}  // namespace
}  // namespace bdev
