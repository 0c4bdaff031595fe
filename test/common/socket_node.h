// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node in the test's process with a socket that other processes can connect to, and pools `store` (kv) and `small`.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/client.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>

#include "common/temp_folder.h"
#include "runtime/node.h"

namespace chi::test {

class SocketNode : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::NodeOptions options;
    options.config.runtime.workers = 2;
    options.config.session.memory_limit = memory_limit();
    options.module_paths = {CHI_TEST_MODULES};
    options.socket_path = folder_ / "node.sock";
    configure(options.config);
    auto node = runtime::Node::start(std::move(options), log_);
    ASSERT_TRUE(node.ok()) << node.error().to_string();
    node_ = std::move(*node);
    client_ = std::make_unique<Client>(connect());
    ASSERT_TRUE(client_->create_pool("store", {.module = "kv", .containers = 4}).ok());
    ASSERT_TRUE(client_->create_pool("small", {.module = "small_message", .containers = 3}).ok());
  }
  void TearDown() override {
    client_.reset();
    node_.reset();
  }

  virtual void configure(runtime::Config&) const {}
  virtual std::uint64_t memory_limit() const { return std::uint64_t{1} << 30; }
  std::string socket() const { return folder_ / "node.sock"; }
  Client connect() const { return Client::connect({.socket = socket()}).value(); }
  admin::StatusReply status() const { return client_->admin().call<admin::GetStatus>().get().value(); }

  template <class F>
  static bool eventually(F is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }

  // Tasks that are running anywhere in a pool.
  std::uint64_t running(const std::string& pool) const {
    std::uint64_t sum = 0;
    auto described = client_->admin().call<admin::PoolDescribe>(pool).get().value();
    for (auto& container : described.containers) sum += container.running;
    return sum;
  }

  TempFolder folder_;
  NullLogger log_;
  std::unique_ptr<runtime::Node> node_;
  std::unique_ptr<Client> client_;
};

inline std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Polls that the kernel has for this process' rings.
inline std::size_t ring_polls() {
  std::size_t out = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(each, gone).string().find("io_uring") == std::string::npos) continue;
    std::ifstream info("/proc/self/fdinfo/" + each.path().filename().string());
    bool listed = false;
    for (std::string line; std::getline(info, line);) {
      if (listed && line.find("op=") != std::string::npos) ++out;
      if (line.starts_with("PollList")) listed = true;
    }
  }
  return out;
}

// Mappings of shared memory of the project's in this process, a line each.
inline std::string shared_mappings() {
  std::string out;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (auto at = line.find("chimaera-"); at != std::string::npos) out += line.substr(at) + "\n";
  }
  return out;
}

}  // namespace chi::test
