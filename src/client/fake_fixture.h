// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// For tests of the client: a fake daemon in a folder of its own, with the pools `one` (1 container) and `many` (4), and
// a client of it.
#pragma once

#include <chimaera/client.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "client/fake_daemon.h"

namespace chi::test {

class FakeTest : public ::testing::Test {
 protected:
  static constexpr PoolId kOne = 10;
  static constexpr PoolId kMany = 11;

  void SetUp() override {
    char folder[] = "/tmp/chimaera-test-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    boot();
  }
  void TearDown() override {
    daemon_.reset();
    std::filesystem::remove_all(folder_);
  }

  void boot(FakeOptions options = {}) {
    daemon_ = std::make_unique<FakeDaemon>(options);
    daemon_->add_pool("one", kOne, 1, 100);
    daemon_->add_pool("many", kMany, 4, 200);
    daemon_->listen(path());
    daemon_->start();
  }

  std::string path() const { return folder_ + "/fake.sock"; }

  Client connect(ConnectOptions options = {}) {
    options.socket = path();
    return Client::connect(options).value();
  }

  FakeBehaviour& behaviour() { return daemon_->behaviour; }

  // Until the daemon has so many calls that it does not answer.
  void await_held(int count) {
    while (behaviour().held < count) std::this_thread::yield();
  }

  std::string folder_;
  std::unique_ptr<FakeDaemon> daemon_;
};

// Bytes that differ from place to place.
inline std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 131 + i / 251) & 0xff);
  return out;
}

}  // namespace chi::test
