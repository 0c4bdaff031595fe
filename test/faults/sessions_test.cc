// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Clients that come all at once, that come and go, that say nothing, and that are somebody else's.
#include <small_message/small_message.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <barrier>
#include <thread>

#include "base/clock.h"
#include "base/runtime_dir.h"
#include "common/other_user.h"
#include "common/socket_node.h"
#include "shm/packet.h"

namespace chi::test {
namespace {

using namespace std::chrono_literals;
namespace sm = small_message;

class Sessions : public SocketNode {
 protected:
  void SetUp() override {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    SocketNode::SetUp();
    ::chmod(folder_.path().c_str(), 0711);
  }
  std::uint64_t memory_limit() const override { return std::uint64_t{24} << 20; }

  // A connection that has not said anything yet.
  UniqueFd silent() const {
    const auto address = socket_address(socket()).value();
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  Result<Client> try_to_connect(std::chrono::milliseconds timeout = 10s) const {
    return Client::connect({.socket = socket(), .timeout = timeout});
  }
  std::uint64_t memory() const { return status().sessions.at(0).memory; }

  Error connect_as(std::uint32_t uid, const std::vector<gid_t>& groups = {}) const {
    Error out{Code::ok, {}, {}};
    EXPECT_TRUE(as_user(uid, uid, groups, [&] {
      if (auto client = try_to_connect(); !client.ok()) out = client.error();
    }));
    return out;
  }
};

TEST_F(Sessions, MemoryOfThreadsThatComeAndGoIsCountedOnceEach) {
  constexpr int kThreads = 12;
  const auto round = [&] {
    std::barrier all_there(kThreads);
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        EXPECT_TRUE(client_->pool("small").on(container(0)).call<sm::Null>().get().ok());
        all_there.arrive_and_wait();
        EXPECT_TRUE(client_->pool("small").on(container(0)).call<sm::Null>().get().ok());
      });
    }
  };
  round();
  ASSERT_TRUE(eventually([&] { return status().sessions.at(0).streams < kThreads; }));
  const std::uint64_t before = memory();
  for (int i = 0; i < 200; ++i) round();
  EXPECT_TRUE(eventually([&] { return memory() == before; })) << memory() << " bytes, once " << before;
}

TEST_F(Sessions, SilenceKeepsNoPlaceFromWhoTalks) {
  std::vector<UniqueFd> quiet;
  quiet.reserve(74);
  for (int i = 0; i < 64; ++i) quiet.push_back(silent());
  auto client = try_to_connect();
  ASSERT_TRUE(client.ok()) << client.error().to_string();
  for (int i = 0; i < 10; ++i) quiet.push_back(silent());
  // Whoever has been silent longest is told that it has to go, and why; those after it may still speak.
  auto last_word = shm::receive_packet(quiet[0].get(), SystemClock().now_ns() + 10'000'000'000);
  ASSERT_TRUE(last_word.ok()) << last_word.error().to_string();
  EXPECT_EQ(last_word->record.code, static_cast<std::uint32_t>(Code::resource_exhausted));
  EXPECT_NE(std::string(last_word->record.text).find("silent"), std::string::npos);
  shm::Record hello;
  hello.packet = static_cast<std::uint32_t>(shm::Packet::hello);
  ASSERT_TRUE(shm::send_packet(quiet.back().get(), hello, {}, 0).ok());
  auto welcome = shm::receive_packet(quiet.back().get(), SystemClock().now_ns() + 10'000'000'000);
  ASSERT_TRUE(welcome.ok()) << welcome.error().to_string();
  EXPECT_EQ(welcome->record.code, 0U) << welcome->record.text;
}

TEST_F(Sessions, ManyMayConnectAtOnceBesideThoseThatDie) {
  constexpr int kClients = 200;
  std::barrier all_there(kClients + 1);
  std::atomic<int> refused{0};
  std::vector<std::jthread> threads;
  threads.reserve(kClients);
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&] {
      all_there.arrive_and_wait();
      auto client = try_to_connect(20s);
      if (!client.ok()) refused.fetch_add(1);
    });
  }
  all_there.arrive_and_wait();
  for (int i = 0; i < 300; ++i) {
    UniqueFd dying = silent();
    if (i % 2 == 0) continue;
    shm::Record hello;
    hello.packet = static_cast<std::uint32_t>(shm::Packet::hello);
    (void)shm::send_packet(dying.get(), hello, {}, 0);
  }
  threads.clear();
  EXPECT_EQ(refused.load(), 0);
  EXPECT_TRUE(eventually([&] { return status().sessions.size() == 1; }));
}

class FewSessions : public Sessions {
 protected:
  void configure(runtime::Config& config) const override { config.session.max_sessions = 3; }
};

TEST_F(FewSessions, WhoFindsNoPlaceIsToldWhyAndTriesAgain) {
  std::vector<Client> others;
  others.reserve(2);
  for (int i = 0; i < 2; ++i) others.push_back(connect());
  auto refused = try_to_connect(100ms);
  EXPECT_EQ(refused.code(), Code::resource_exhausted);
  EXPECT_NE(refused.error().text.find("session.max_sessions"), std::string::npos) << refused.error().text;
  std::jthread waits([&] {
    auto client = try_to_connect(20s);
    EXPECT_TRUE(client.ok()) << client.error().to_string();
  });
  others.pop_back();
}

class ForTwo : public Sessions {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can try what other users may do";
    Sessions::SetUp();
  }
  void configure(runtime::Config& config) const override {
    config.socket.mode = 0666;
    config.session.allow_uids = {kSomebody};
  }
};

TEST_F(ForTwo, AListOfUsersRestrictsWhateverTheModeSays) {
  const Error error = connect_as(kSomebodyElse);
  EXPECT_EQ(error.code, Code::permission_denied);
  EXPECT_NE(error.text.find("session.allow_uids"), std::string::npos) << error.text;
  EXPECT_EQ(connect_as(kSomebodyElse, {::getegid()}).code, Code::permission_denied);
  const Error none = connect_as(kSomebody);
  EXPECT_EQ(none.code, Code::ok) << none.to_string();
}

class ForAGroup : public ForTwo {
 protected:
  void configure(runtime::Config& config) const override { config.socket.mode = 0660; }
};

TEST_F(ForAGroup, SupplementaryGroupsCount) {
  EXPECT_EQ(connect_as(kSomebody).code, Code::permission_denied);
  ASSERT_TRUE(client_->create_pool("ours", {.module = "small_message", .containers = 2, .mode = 0640}).ok());
  EXPECT_TRUE(as_user(kSomebody, kSomebody, {kSomebodyElse, ::getegid()}, [&] {
    auto client = try_to_connect();
    ASSERT_TRUE(client.ok()) << client.error().to_string();
    auto pool = client->pool("ours");
    EXPECT_TRUE(pool.on(container(0)).call<sm::Null>().get().ok());
    EXPECT_TRUE(pool.on(all()).gather<sm::Null>().get().ok());
    EXPECT_EQ(client->pool("small").on(container(0)).call<sm::Null>().get().code(), Code::permission_denied);
    EXPECT_EQ(client->pool("small").on(all()).gather<sm::Null>().get().code(), Code::permission_denied);
  }));
}

}  // namespace
}  // namespace chi::test
