// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// bdev_writer SOCKET write: writes blocks into the pool `disk` until it is killed; says "ready" once it does.
// bdev_writer SOCKET space: the same with allocating and freeing.
// bdev_writer SOCKET nobody FILE: as another user, tries to make a pool of the file, then one of memory; says how each
// attempt ended.
#include <bdev/bdev.h>
#include <bdev/config.h>
#include <chimaera/client.h>
#include <unistd.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "blocks.h"

namespace {

constexpr std::uint64_t kBlocks = 256;

int write_for_ever(const chi::Client& client) {
  const chi::Pool disk = client.pool("disk");
  std::mt19937_64 random(static_cast<std::uint64_t>(::getpid()));
  for (std::uint64_t version = 1;; ++version) {
    std::vector<chi::Future<bdev::SizeReply>> writes;
    for (std::uint64_t i = 0; i < 16; ++i) {
      const std::uint64_t block = i * (kBlocks / 16) + random() % (kBlocks / 16);
      chi::Bytes data = client.allocate(chi::test::kBlock).value();
      chi::test::fill_block(data.data(), block, version);
      writes.push_back(disk.call<bdev::Write>(block * chi::test::kBlock, std::move(data)));
    }
    if (version == 1) {
      std::puts("ready");
      std::fflush(stdout);
    }
    for (auto& each : writes) {
      if (!each.get().ok()) return 1;
    }
  }
}

int allocate_for_ever(const chi::Client& client) {
  const chi::Pool disk = client.pool("disk");
  std::uint64_t owner = static_cast<std::uint64_t>(::getpid()) << 32;
  for (bool first = true;; first = false) {
    std::vector<chi::Future<bdev::AllocateReply>> taken;
    for (int i = 0; i < 8; ++i, ++owner) {
      taken.push_back(disk.call<bdev::Allocate>((1 + owner % 4) * chi::test::kBlock, 1u, owner));
    }
    if (first) {
      std::puts("ready");
      std::fflush(stdout);
    }
    std::vector<chi::Future<bdev::FreeReply>> freed;
    for (auto& each : taken) {
      auto reply = each.get();
      if (reply.ok()) freed.push_back(disk.call<bdev::Free>(std::move(reply->extents)));
    }
    for (auto& each : freed) {
      if (!each.get().ok()) return 1;
    }
  }
}

std::string attempt(const chi::Client& client, const std::string& name, const std::string& backend) {
  bdev::Config config;
  config.backend = backend;
  config.size = 1 << 20;
  chi::PoolOptions options{.module = "bdev"};
  options.config = chi::Bytes(chi::encode_to_string(config));
  const auto pool = client.create_pool(name, options);
  return std::string(chi::code_name(pool.code()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string mode = argv[2];
  if (mode == "nobody" && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 3;
  auto client = chi::Client::connect({.socket = argv[1]});
  if (!client.ok()) {
    std::puts(client.error().to_string().c_str());
    return 1;
  }
  if (mode == "write") return write_for_ever(*client);
  if (mode == "space") return allocate_for_ever(*client);
  std::puts(attempt(*client, "file", std::string("file:") + argv[3]).c_str());
  std::puts(attempt(*client, "memory", "ram:1M").c_str());
  std::fflush(stdout);
  return 0;
}
