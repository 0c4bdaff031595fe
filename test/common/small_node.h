// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node in the test's own process, with a pool of small_message in it.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/runtime.h>
#include <gtest/gtest.h>
#include <small_message/small_message.h>

#include <chrono>
#include <string>

namespace chi::test {

namespace sm = small_message;

class SmallNode : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kContainers = 5;

  void SetUp() override { start(""); }

  void start(const std::string& config, std::uint32_t workers = 2) {
    auto started = Runtime::start({.workers = workers, .module_paths = {CHI_TEST_MODULES}, .config = config});
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    runtime_ = std::make_unique<Runtime>(std::move(*started));
    auto connected = runtime_->connect();
    ASSERT_TRUE(connected.ok()) << connected.error().to_string();
    client_ = std::make_unique<Client>(std::move(*connected));
    auto pool = client_->create_pool("small", {.module = "small_message", .containers = kContainers});
    ASSERT_TRUE(pool.ok()) << pool.error().to_string();
  }

  void TearDown() override {
    client_.reset();
    runtime_.reset();
  }

  Pool small() const { return client_->pool("small"); }
  admin::StatusReply status() const { return client_->admin().call<admin::GetStatus>().get().value(); }
  admin::PoolDescription describe() const { return client_->admin().call<admin::PoolDescribe>("small").get().value(); }
  std::uint64_t completed(std::uint32_t container) const { return describe().containers.at(container).completed; }

  // Asks again and again, for at most ten seconds, until it is so.
  template <class F>
  static bool eventually(F is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }

  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Client> client_;
};

}  // namespace chi::test
