// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whose memory the device reads and writes, and that many requests are on their way at once while the worker goes on.
#include <chimaera/test_kit.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "disk.h"

namespace bdev {
namespace {

using namespace std::chrono_literals;

// A node whose system calls are looked at: `memory` of each transfer, in order.
class ZeroCopy : public ::testing::Test {
 protected:
  struct Transferred {
    bool write;
    const std::uint8_t* memory;
    std::uint64_t size;
  };

  void SetUp() override {
    node_.watch_io([this](const chi_io& io) {
      if (io.operation != CHI_IO_READ && io.operation != CHI_IO_WRITE) return;
      seen_.push_back({io.operation == CHI_IO_WRITE, static_cast<const std::uint8_t*>(io.data), io.size});
    });
  }
  chi::TestPool make(const std::string& layers, std::uint32_t containers = 1, std::uint32_t depth = 128) {
    Config config;
    config.backend = layers + "file:" + folder_ / "volume{index}";
    config.size = 8 << 20;
    config.disk = true;
    config.chunk = 65'536;
    config.queue_depth = depth;
    chi::PoolOptions options{.module = "bdev", .containers = containers};
    options.config = chi::Bytes(chi::encode_to_string(config));
    chi::TestPool pool = node_.create_pool("disk", options).value();
    seen_.clear();
    return pool;
  }
  // Memory as a session has it: it begins at a page.
  static chi::Buffer page_memory(std::size_t size) {
    const chi::Buffer more = chi::Buffer::allocate(size + 4096);
    const auto at = reinterpret_cast<std::uintptr_t>(more.data());
    return more.slice((at + 4095) / 4096 * 4096 - at, size);
  }
  void expect_within(const chi::Buffer& memory, bool write) const {
    std::uint64_t sum = 0;
    for (const Transferred& each : seen_) {
      EXPECT_EQ(each.write, write);
      EXPECT_GE(each.memory, memory.data());
      EXPECT_LE(each.memory + each.size, memory.data() + memory.size());
      sum += each.size;
    }
    EXPECT_EQ(sum, memory.size());
  }

  chi::test::TempFolder folder_;
  chi::TestNode node_ = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  std::vector<Transferred> seen_;
};

TEST_F(ZeroCopy, TheDeviceWorksInTheCallersMemory) {
  const chi::TestPool disk = make("");
  const chi::Buffer memory = page_memory(1 << 20);
  std::fill_n(memory.data(), memory.size(), std::uint8_t{7});
  ASSERT_TRUE(disk.call<Write>(0u, chi::Bytes::from(memory)).get().ok());
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_EQ(seen_[0].memory, memory.data());
  expect_within(memory, true);
  seen_.clear();
  const chi::Buffer target = page_memory(1 << 20);
  ASSERT_TRUE(disk.call<ReadInto>(0u, target).get().ok());
  ASSERT_EQ(seen_.size(), 1u);
  expect_within(target, false);
  EXPECT_EQ(target.view(), memory.view());
}

TEST_F(ZeroCopy, OfSeveralContainersToo) {
  const chi::TestPool disk = make("", 3);
  const chi::Buffer memory = page_memory(1 << 20);
  ASSERT_TRUE(disk.on(chi::container(1)).call<Write>(0u, chi::Bytes::from(memory)).get().ok());
  EXPECT_EQ(seen_.size(), 16u) << "one for each chunk";
  expect_within(memory, true);
  seen_.clear();
  ASSERT_TRUE(disk.on(chi::container(2)).call<ReadInto>(0u, memory).get().ok());
  expect_within(memory, false);
}

TEST_F(ZeroCopy, PiecesToo) {
  const chi::TestPool disk = make("");
  const chi::Buffer memory = page_memory(65'536);
  std::vector<Piece> pieces;
  pieces.reserve(16);
  for (std::uint64_t i = 0; i < 16; ++i) pieces.push_back({i * 100 * 4096, memory.slice(i * 4096, 4096)});
  ASSERT_TRUE(disk.call<WriteV>(pieces).get().ok());
  expect_within(memory, true);
  seen_.clear();
  ASSERT_TRUE(disk.call<ReadV>(pieces).get().ok());
  expect_within(memory, false);
}

// Each takes a second, and all of them take one.
TEST_F(ZeroCopy, ManyAreOnTheirWayAtOnce) {
  const chi::TestPool disk = make("delay:1000000:", 1, 64);
  std::vector<chi::TestCall<ReadReply>> reads;
  reads.reserve(64);
  const auto begin = node_.now();
  for (std::uint64_t i = 0; i < 64; ++i) reads.push_back(disk.call<Read>(i * 4096, 4096u));
  node_.run();
  EXPECT_EQ(disk.call<Stat>().get().value().members.at(0).in_flight, 64u) << "the worker answers meanwhile";
  EXPECT_EQ(node_.now(), begin) << "and no time has passed";
  for (auto& each : reads) ASSERT_TRUE(each.get().ok());
  EXPECT_EQ(node_.now() - begin, 1s);
}

TEST_F(ZeroCopy, AsManyAsTheQueueIsDeep) {
  const chi::TestPool disk = make("delay:1000000:", 1, 16);
  std::vector<chi::TestCall<ReadReply>> reads;
  reads.reserve(64);
  const auto begin = node_.now();
  for (std::uint64_t i = 0; i < 64; ++i) reads.push_back(disk.call<Read>(i * 4096, 4096u));
  node_.run();
  EXPECT_EQ(disk.call<Stat>().get().value().members.at(0).in_flight, 16u);
  for (auto& each : reads) ASSERT_TRUE(each.get().ok());
  EXPECT_EQ(node_.now() - begin, 4s);
}

// Neither client nor daemon takes a copy on the way to the device: what the program changes while its request waits
// there is what is written. (Which it should not do, of course.)
TEST_F(DiskTest, AClientsMemoryIsReadByTheDeviceAlone) {
  for (const char* delay : {"delay:100000:", "delay:3000000:", "delay:20000000:"}) {
    Config config = file_config(delay);
    config.disk = true;
    const chi::Pool disk = make("disk", config);
    const chi::Buffer memory = pattern(65'536, 1);
    auto write = disk.call<Write>(0u, chi::Bytes::from(memory));
    while (!write.ready() && disk.call<Stat>().get().value().members.at(0).in_flight == 0) {
    }
    const bool in_time = !write.ready();
    std::fill_n(memory.data(), memory.size(), std::uint8_t{9});
    const bool still = !write.ready();
    ASSERT_TRUE(write.get().ok());
    ASSERT_TRUE(client_.destroy_pool("disk").ok());
    if (!in_time || !still) continue;  // a machine that was too slow to be there before it was over
    EXPECT_EQ(read(this->make("again", file_config()), 0, 65'536), std::string(65'536, 9));
    return;
  }
  FAIL() << "never faster than the device";
}

// What is read is in memory that daemon and client share, and nobody has copied it there for the client.
TEST_F(DiskTest, WhatIsReadIsInSharedMemory) {
  Config config = file_config();
  config.disk = true;
  const chi::Pool disk = make("disk", config);
  ASSERT_EQ(write(disk, 0, pattern(65'536, 1)), chi::Code::ok);
  const ReadReply reply = disk.call<Read>(0u, 65'536u).get().value();
  EXPECT_EQ(reply.data.view(), pattern(65'536, 1).view());
  const auto at = reinterpret_cast<std::uintptr_t>(reply.data.data());
  std::ifstream maps("/proc/self/maps");
  std::string found;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::istringstream(line) >> std::hex >> begin >> dash >> end;
    if (begin <= at && at < end) found = line;
  }
  EXPECT_NE(found.find("memfd:chimaera"), std::string::npos) << found;
}

}  // namespace
}  // namespace bdev
