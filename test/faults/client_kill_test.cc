// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Clients are killed 200 times in the middle of what they do; nothing of them is left, and others never notice.
#include <kv/kv.h>
#include <small_message/small_message.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "common/child.h"
#include "common/socket_node.h"

namespace chi::test {
namespace {

constexpr int kKills = 200;

// Puts and gets of its own keys, every one checked.
void steady_client(const Client& client, int id, const std::atomic<bool>& stop, std::atomic<std::uint64_t>& calls,
                   std::atomic<std::uint64_t>& faults) {
  auto pool = client.pool("store");
  for (std::uint64_t i = 0; !stop.load(); ++i) {
    const std::string key = "steady" + std::to_string(id) + "/" + std::to_string(i % 50);
    const std::string value = std::to_string(i) + std::string(i % 900, 'x');
    bool good = pool.call<kv::Put>(key, Bytes(value)).get().ok();
    auto got = pool.call<kv::Get>(key).get();
    good &= got.ok() && got->value && got->value->view() == value;
    if (!good) faults.fetch_add(1);
    calls.fetch_add(2);
  }
}

using ClientKill = SocketNode;

TEST_F(ClientKill, LeavesNothingAndDisturbsNobody) {
  // A large reply first, so that this client's own session has all the memory that it will ever have.
  ASSERT_TRUE(client_->pool("small").on(container(0)).call<small_message::Read>(std::uint64_t{1} << 20, 1U).get().ok());
  (void)(status().pid + running("small"));
  const std::size_t files = open_files();
  const std::size_t polls = ring_polls();
  ASSERT_GE(polls, 1U);
  auto count = [](const std::string& lines) { return std::count(lines.begin(), lines.end(), '\n'); };
  const std::string mappings = shared_mappings();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> faults{0};
  std::thread steady([&] { steady_client(connect(), 0, stop, calls, faults); });
  std::mt19937 random(11);
  const char* kModes[] = {"write", "bulk", "asleep"};
  for (int i = 0; i < kKills; ++i) {
    Child child({CHI_FAULT_CLIENT, socket(), kModes[i % 3]});
    ASSERT_EQ(child.line(), "ready") << i;
    const std::uint64_t until = calls.load() + random() % 40;  // some time of others' work, then the end
    while (calls.load() < until) std::this_thread::yield();
    child.kill();
  }
  stop = true;
  steady.join();
  EXPECT_EQ(faults.load(), 0U);
  EXPECT_GT(calls.load(), 1000U);
  EXPECT_TRUE(eventually([&] { return status().sessions.size() == 1; }));
  EXPECT_TRUE(eventually([&] { return running("small") == 0 && running("store") == 0; }));
  EXPECT_TRUE(eventually([&] { return open_files() == files; })) << open_files() << " files, once " << files;
  EXPECT_TRUE(eventually([&] { return count(shared_mappings()) == count(mappings); })) << shared_mappings() << "once\n"
                                                                                       << mappings;
  EXPECT_TRUE(eventually([&] { return ring_polls() == polls; })) << ring_polls() << " polls, once " << polls;
}

// The worst wait of somebody else beside the end of 8,000 calls that one client has left behind, as a share of all the
// time that this end takes: it comes in pieces, however many calls there are.
TEST_F(ClientKill, TheEndOfManyCallsComesInPieces) {
  using Clock = std::chrono::steady_clock;
  auto honest = client_->pool("small").on(container(0));
  double best = 1;
  for (int attempt = 0; attempt < 5 && best > 0.3; ++attempt) {
    Child child({CHI_FAULT_CLIENT, socket(), "many"});
    for (int i = 0; i < 8; ++i) ASSERT_EQ(child.line(), "ready");
    ASSERT_TRUE(eventually([&] { return running("small") == 8000; })) << running("small");
    std::atomic<bool> over{false};
    Clock::duration worst{0};
    Clock::time_point end;
    std::thread caller([&] {
      for (auto before = Clock::now(); !over.load();) {
        EXPECT_TRUE(honest.call<small_message::Null>().get().ok());
        end = Clock::now();
        worst = std::max(worst, end - before);
        before = end;
      }
    });
    const auto begin = Clock::now();
    child.kill();
    EXPECT_TRUE(eventually([&] { return running("small") == 0; })) << running("small");
    over = true;
    caller.join();
    best = std::min(best, std::chrono::duration<double>(worst) / std::chrono::duration<double>(end - begin));
  }
  EXPECT_LE(best, 0.3) << "of the time in which the calls end, somebody else waited in one piece";
}

}  // namespace
}  // namespace chi::test
