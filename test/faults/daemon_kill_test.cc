// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The daemon is killed under load: every waiting call ends within a second, and the same client works with the next
// daemon, which starts over what the dead one left.
#include <kv/kv.h>
#include <small_message/small_message.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "common/child.h"
#include "common/socket_node.h"

namespace chi::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class DaemonKill : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream config(folder_ / "config.yaml");
    config << "socket:\n  path: " << socket() << "\nruntime:\n  workers: 1\npools:\n"
           << "  - {name: store, module: kv, containers: 4}\n  - {name: small, module: small_message}\n";
    config.close();
    ASSERT_EQ(::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1), 0);
    start();
  }
  void TearDown() override { daemon_.reset(); }

  std::string socket() const { return folder_ / "kill.sock"; }
  void start() {
    daemon_ = std::make_unique<Child>(std::vector<std::string>{CHI_PROGRAM, "start", "--foreground", "--json", "--name",
                                                               "kill", "--config", folder_ / "config.yaml",
                                                               "--module-path", CHI_TEST_MODULES});
    ASSERT_NE(daemon_->line().find('{'), std::string::npos) << "the daemon did not start";
  }

  TempFolder folder_;
  std::unique_ptr<Child> daemon_;
};

TEST_F(DaemonKill, EveryWaitEndsAndTheClientGoesOn) {
  auto client = Client::connect({.socket = socket()}).value();
  for (int round = 0; round < 5; ++round) {
    std::atomic<std::uint64_t> good{0};
    std::atomic<std::int64_t> killed_at{0};
    std::atomic<std::int64_t> last_end{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        auto pool = client.pool("store");
        auto nap = client.pool("small").with_deadline(1h).call<small_message::Nap>(std::uint64_t{3'000'000'000});
        const std::string key = "thread" + std::to_string(t);
        for (;;) {
          auto put = pool.call<kv::Put>(key, Bytes(std::string(2000, 'x'))).get();
          if (put.ok()) {
            good.fetch_add(1);
            continue;
          }
          EXPECT_EQ(put.code(), Code::unavailable) << put.error().to_string();
          break;
        }
        EXPECT_EQ(nap.get().code(), Code::unavailable);
        last_end = (Clock::now().time_since_epoch()).count();
      });
    }
    while (good.load() < 300) std::this_thread::yield();
    killed_at = Clock::now().time_since_epoch().count();
    daemon_->kill();
    for (auto& thread : threads) thread.join();
    EXPECT_LT(Clock::duration(last_end.load() - killed_at.load()), 1s);
    start();
    auto pool = client.pool("store");
    ASSERT_TRUE(pool.call<kv::Put>("again", Bytes("yes")).get().ok());
    auto got = pool.call<kv::Get>("again").get();
    ASSERT_TRUE(got.ok()) << got.error().to_string();
    ASSERT_TRUE(got->value.has_value());
    EXPECT_EQ(got->value->view(), "yes");
  }
}

}  // namespace
}  // namespace chi::test
