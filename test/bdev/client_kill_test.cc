// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Clients that are killed while the kernel reads from their memory, and clients that are somebody else.
#include <bdev/bdev.h>
#include <bdev/config.h>
#include <bdev/stat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <random>
#include <utility>

#include "bdev_format/check.h"
#include "blocks.h"
#include "common/child.h"
#include "common/ring_tables.h"
#include "common/socket_node.h"

namespace chi::test {
namespace {

constexpr int kKills = CHI_TEST_KILLS;

// Arenas of clients in this process.
std::size_t arenas_mapped() {
  std::ifstream in("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) count += line.find("chimaera-arena") != std::string::npos;
  return count;
}

class BdevClientKill : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::NodeOptions options;
    options.config.runtime.workers = 1;
    options.config.socket.mode = 0666;
    options.module_paths = {CHI_TEST_MODULES};
    options.socket_path = socket();
    auto node = runtime::Node::start(std::move(options), log_);
    ASSERT_TRUE(node.ok()) << node.error().to_string();
    node_ = std::move(*node);
    client_ = std::make_unique<Client>(Client::connect({.socket = socket()}).value());
  }
  void TearDown() override {
    client_.reset();
    node_.reset();
  }
  std::string socket() const { return folder_ / "node.sock"; }

  TempFolder folder_;
  NullLogger log_;
  std::unique_ptr<runtime::Node> node_;
  std::unique_ptr<Client> client_;
};

TEST_F(BdevClientKill, LeavesWholeBlocks) {
  bdev::Config config;
  config.backend = "file:" + folder_ / "volume";
  config.size = 1 << 20;
  config.disk = true;
  config.checksums = true;
  PoolOptions options{.module = "bdev"};
  options.config = Bytes(encode_to_string(config));
  const Pool disk = client_->create_pool("disk", options).value();
  std::mt19937 random(5);
  for (int i = 0; i < kKills; ++i) {
    Child child({CHI_BDEV_WRITER, socket(), "write"});
    ASSERT_EQ(child.line(), "ready") << i;
    for (auto reads = random() % 20; reads > 0; --reads) ASSERT_TRUE(disk.call<bdev::Read>(0u, 4096u).get().ok());
    child.kill();
    auto reply = disk.call<bdev::Read>(0u, 1u << 20).get();
    ASSERT_TRUE(reply.ok()) << reply.error().to_string();
    for (std::uint64_t block = 0; block < 256; ++block) {
      ASSERT_TRUE(version_of(reply->data.data() + block * kBlock, block)) << "block " << block << " after " << i;
    }
  }
  EXPECT_TRUE(disk.call<bdev::Check>().get().value().reports.at(0).problems.empty());
}

// Whether a ring has the arena by the time that several times its bytes have been written from it, however slow the
// disk is; false, too, where nothing was written for long.
bool registered_in_time(const Pool& disk) {
  constexpr std::uint64_t kEnough = 256 << 20;
  const auto written = [&disk] {
    std::uint64_t out = 0;
    const bdev::StatReply stat = disk.call<bdev::Stat>().get().value();
    for (const bdev::OperationStats& each : stat.members.at(0).operations) out += each.name == "write" ? each.bytes : 0;
    return out;
  };
  const auto patience = std::chrono::seconds(20);
  const std::uint64_t first = written();
  std::uint64_t last = first;
  for (auto until = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < until;) {
    if (registered_buffers() == 1U) return true;
    const std::uint64_t now = written();
    if (now - first > kEnough) return false;
    if (std::exchange(last, now) != now) until = std::chrono::steady_clock::now() + patience;
  }
  return false;
}

// Its arena is held in place for the device, which reads from it at that moment.
TEST_F(BdevClientKill, ReleasesMemoryThatTheRingHeld) {
  if (!kernel_has_ring_tables()) GTEST_SKIP() << "needs Linux 5.19";
  bdev::Config config;
  config.backend = "file:" + folder_ / "volume";
  config.size = 1 << 20;
  config.disk = true;
  PoolOptions options{.module = "bdev"};
  options.config = Bytes(encode_to_string(config));
  const Pool disk = client_->create_pool("disk", options).value();
  const auto wait_until = [&](auto reached) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!reached()) {
      if (std::chrono::steady_clock::now() > end) return false;
      EXPECT_TRUE(disk.call<bdev::Stat>().get().ok());
    }
    return true;
  };
  const std::size_t before = arenas_mapped();
  for (int i = 0; i < 5; ++i) {
    Child child({CHI_BDEV_WRITER, socket(), "write"});
    ASSERT_EQ(child.line(), "ready") << i;
    ASSERT_TRUE(registered_in_time(disk)) << "after much was written from it";
    child.kill();
    ASSERT_TRUE(wait_until([] { return registered_buffers() == 0u; })) << "after its client was killed";
    ASSERT_TRUE(wait_until([&] { return arenas_mapped() == before; })) << "the arena is still there";
  }
}

// Clients that allocate and free: each of their calls is done as a whole or not at all.
TEST_F(BdevClientKill, LeavesAWholeMap) {
  bdev::Config config;
  config.backend = "file:" + folder_ / "volume";
  config.size = 4 << 20;
  PoolOptions options{.module = "bdev"};
  options.config = Bytes(encode_to_string(config));
  const Pool disk = client_->create_pool("disk", options).value();
  std::mt19937 random(6);
  for (int i = 0; i < kKills; ++i) {
    Child child({CHI_BDEV_WRITER, socket(), "space"});
    ASSERT_EQ(child.line(), "ready") << i;
    for (auto reads = random() % 20; reads > 0; --reads) ASSERT_TRUE(disk.call<bdev::Stat>().get().ok());
    child.kill();
    const bdev::CheckReport report = disk.call<bdev::Check>().get().value().reports.at(0);
    ASSERT_TRUE(report.problems.empty()) << report.problems[0];
    const bdev::ExtentsReply found = disk.call<bdev::Extents>().get().value();
    for (const bdev::OwnedExtent& each : found.extents) {
      ASSERT_EQ(each.size, (1 + each.owner % 4) * kBlock) << "a part of what was asked for";
      const auto freed = disk.call<bdev::Free>(std::vector<bdev::Extent>{{each.offset, each.size}}).get();
      ASSERT_TRUE(freed.ok() || freed.code() == Code::failed_precondition) << "the dead client's own call was faster";
    }
  }
  ASSERT_TRUE(client_->destroy_pool("disk").ok());
  EXPECT_TRUE(bdev::check_file(folder_ / "volume").value().problems.empty());
}

TEST_F(BdevClientKill, SomebodyElseHasMemoryOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  Child child({CHI_BDEV_WRITER, socket(), "nobody", folder_ / "theirs"});
  EXPECT_EQ(child.line(), "permission_denied");
  EXPECT_EQ(child.line(), "ok");
  EXPECT_NE(::access((folder_ / "theirs").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace chi::test
