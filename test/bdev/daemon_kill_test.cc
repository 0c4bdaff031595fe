// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The daemon is killed 100 times in the middle of writes, flushes and changes of the allocation map. After each: the
// map is consistent, what was flushed is there, and every block is one that was written.
#include <bdev/bdev.h>
#include <bdev/config.h>
#include <bdev/stat.h>

#include <atomic>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "bdev_format/check.h"
#include "blocks.h"
#include "common/child.h"
#include "common/socket_node.h"

namespace chi::test {
namespace {

constexpr int kKills = CHI_TEST_KILLS;
constexpr std::uint64_t kDataBlocks = 128;
constexpr std::uint64_t kDataOwner = 1;
constexpr std::size_t kDepth = 16;

// What is known of a volume, across the lives of its daemon.
struct Model {
  struct Block {
    std::uint64_t flushed = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t sent = 0;  // the newest one of all
  };
  std::vector<Block> blocks = std::vector<Block>(kDataBlocks);
  std::uint64_t base = 0;                                    // where they are
  std::map<std::uint64_t, std::vector<bdev::Extent>> owned;  // acknowledged, by owner
  std::uint64_t last_owner = 100;
};

// Works on one volume until the daemon is gone.
class Worker {
 public:
  Worker(const Client& client, Pool disk, Model& model, std::uint64_t seed, std::atomic<std::uint64_t>& done)
      : client_(client), disk_(std::move(disk)), model_(model), random_(seed), done_(done) {}

  void run() {
    while (alive_) {
      std::vector<Write> writes;
      writes.reserve(kDepth);
      for (std::size_t i = 0; i < kDepth; ++i) writes.push_back(start_write(i));
      for (Write& each : writes) {
        if (!finish(each.reply)) continue;
        model_.blocks[each.block].acknowledged = each.version;
      }
      if (alive_ && random_() % 4 == 0) flush();
      if (alive_ && random_() % 4 == 0) change_space();
    }
  }

 private:
  struct Write {
    std::uint64_t block;
    std::uint64_t version;
    Future<bdev::SizeReply> reply;
  };

  Write start_write(std::size_t i) {
    const std::uint64_t block = i * (kDataBlocks / kDepth) + random_() % (kDataBlocks / kDepth);
    const std::uint64_t version = ++model_.blocks[block].sent;
    Bytes data = client_.allocate(kBlock).value();
    fill_block(data.data(), block, version);
    return {block, version, disk_.call<bdev::Write>(model_.base + block * kBlock, std::move(data))};
  }  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the Future owns the Error, as an integer
  template <class T>
  bool finish(Future<T>& future) {
    auto reply = future.get();
    if (reply.ok()) {
      done_.fetch_add(1);
      return true;
    }
    EXPECT_EQ(reply.code(), Code::unavailable) << reply.error().to_string();
    alive_ = false;
    return false;
  }
  void flush() {
    const std::vector<Model::Block> before = model_.blocks;
    auto flushed = disk_.call<bdev::Flush>();
    if (!finish(flushed)) return;
    for (std::size_t i = 0; i < before.size(); ++i) model_.blocks[i].flushed = before[i].acknowledged;
  }
  void change_space() {
    if (model_.owned.size() > 8) {
      const auto victim = model_.owned.begin();
      const std::vector<bdev::Extent> extents = victim->second;
      model_.owned.erase(victim);  // when it fails, nobody knows
      auto freed = disk_.call<bdev::Free>(extents);
      finish(freed);
      return;
    }
    const std::uint64_t owner = ++model_.last_owner;
    auto reply = disk_.call<bdev::Allocate>((1 + random_() % 40) * kBlock, 0u, owner).get();
    if (reply.ok()) {
      model_.owned[owner] = reply->extents;
      return;
    }
    if (reply.code() != Code::resource_exhausted) alive_ = false;
  }

  const Client& client_;
  Pool disk_;
  Model& model_;
  std::mt19937_64 random_;
  std::atomic<std::uint64_t>& done_;
  bool alive_ = true;
};

class BdevDaemonKill : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "config.yaml")
        << "socket:\n  path: " << folder_ / "kill.sock" << "\nruntime:\n  workers: 1\n";
    ASSERT_EQ(::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1), 0);
    start();
    client_ = std::make_unique<Client>(Client::connect({.socket = folder_ / "kill.sock"}).value());
  }
  void TearDown() override {
    client_.reset();
    daemon_.reset();
  }
  void start() {
    daemon_ = std::make_unique<Child>(std::vector<std::string>{CHI_PROGRAM, "start", "--foreground", "--json", "--name",
                                                               "kill", "--config", folder_ / "config.yaml",
                                                               "--module-path", CHI_TEST_MODULES});
    ASSERT_NE(daemon_->line().find('{'), std::string::npos) << "the daemon did not start";
  }
  Pool open() {
    bdev::Config config;
    config.backend = "file:" + folder_ / "volume";
    config.size = 4 << 20;
    config.checksums = GetParam();
    PoolOptions options{.module = "bdev"};
    options.config = Bytes(encode_to_string(config));
    auto pool = client_->create_pool("disk", options);
    EXPECT_TRUE(pool.ok()) << pool.error().to_string();
    return std::move(pool).value();
  }

  // The kernel may still be ending what the dead daemon had begun, and holds the file as long.
  void expect_good_file() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    auto report = bdev::check_file(folder_ / "volume");
    while (report.code() == Code::failed_precondition && std::chrono::steady_clock::now() < end) {
      report = bdev::check_file(folder_ / "volume");
    }
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    ASSERT_TRUE(report->problems.empty()) << report->problems[0];
  }

  // And takes what is there for what is known from now on.
  void expect_known(const Pool& disk, Model& model) {
    auto reply = disk.call<bdev::Read>(model.base, kDataBlocks * kBlock).get();
    ASSERT_TRUE(reply.ok()) << reply.error().to_string();
    for (std::uint64_t i = 0; i < kDataBlocks; ++i) {
      Model::Block& block = model.blocks[i];
      const auto version = version_of(reply->data.data() + i * kBlock, i);
      ASSERT_TRUE(version) << "block " << i << " is none that was written";
      ASSERT_GE(*version, block.flushed) << "block " << i << " was flushed";
      ASSERT_LE(*version, block.sent);
      block.flushed = block.acknowledged = *version;
    }
    std::map<std::uint64_t, std::uint64_t> sizes;
    const bdev::ExtentsReply all = disk.call<bdev::Extents>(0u).get().value();
    for (const bdev::OwnedExtent& each : all.extents) sizes[each.owner] += each.size;
    EXPECT_EQ(sizes[kDataOwner], kDataBlocks * kBlock);
    for (const auto& [owner, extents] : model.owned) {
      std::uint64_t size = 0;
      for (const bdev::Extent& each : extents) size += each.size;
      EXPECT_EQ(sizes[owner], size) << "what is owned by " << owner;
    }
    // What nobody knows of: an answer that never came.
    for (const bdev::OwnedExtent& each : all.extents) {
      if (each.owner == kDataOwner || model.owned.count(each.owner)) continue;
      EXPECT_TRUE(disk.call<bdev::Free>(std::vector<bdev::Extent>{{each.offset, each.size}}).get().ok());
    }
  }

  TempFolder folder_;
  std::unique_ptr<Child> daemon_;
  std::unique_ptr<Client> client_;
};

INSTANTIATE_TEST_SUITE_P(Checksums, BdevDaemonKill, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "on" : "off"; });

TEST_P(BdevDaemonKill, WhatWasFlushedIsThere) {
  Model model;
  Pool disk = open();
  model.base = disk.call<bdev::Allocate>(kDataBlocks * kBlock, 1u, kDataOwner).get().value().extents.at(0).offset;
  std::mt19937_64 random(17);
  for (int round = 0; round < kKills / 2; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::atomic<std::uint64_t> done{0};
    const std::uint64_t seed = random();
    const std::uint64_t until = 1 + random() % 400;
    std::thread work([&] { Worker(*client_, disk, model, seed, done).run(); });
    while (done.load() < until) std::this_thread::yield();
    daemon_->kill();
    work.join();
    expect_good_file();
    start();
    disk = open();
    expect_known(disk, model);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace chi::test
