// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls that do not go well: no answer, no daemon, no memory, the wrong place.
#include "client/fake_fixture.h"

namespace chi::test {
namespace {

using FailureTest = FakeTest;
using namespace std::chrono_literals;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_F(FailureTest, DeadlineEndsACallThatTheDaemonForgets) {
  Client client = connect();
  Pool pool = client.pool("one");
  auto start = std::chrono::steady_clock::now();
  auto reply = pool.with_deadline(30ms).call<Hold>(Bytes(pattern(10'000))).get();
  EXPECT_EQ(reply.code(), Code::deadline_exceeded);
  EXPECT_GE(seconds_since(start), 0.03);
  EXPECT_LT(seconds_since(start), 5.0);
  // The late answer finds nobody, and gives the buffers back.
  behaviour().release_held = true;
  EXPECT_TRUE(pool.call<Null>().get().ok());
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(pool.call<Null>().get().ok());
}

TEST_F(FailureTest, BuffersOfACallThatStillRunsAreNotReused) {
  FakeOptions options;
  options.memory_limit = 4u << 20;
  daemon_.reset();
  boot(options);
  Client client = connect();
  Pool pool = client.pool("one");
  auto loan = client.allocate(3u << 20);
  ASSERT_TRUE(loan.ok()) << loan.error().to_string();
  EXPECT_EQ(pool.call<Linger>(*std::move(loan)).get().code(), Code::deadline_exceeded);
  EXPECT_EQ(client.allocate(3u << 20).code(), Code::resource_exhausted);
  behaviour().release_held = true;
  EXPECT_TRUE(client.allocate(3u << 20, 10s).ok());
}

TEST_F(FailureTest, CancelEndsACall) {
  Client client = connect();
  auto future = client.pool("one").call<Hold>();
  await_held(1);
  future.cancel();
  EXPECT_EQ(future.get().code(), Code::cancelled);
  EXPECT_EQ(behaviour().cancels, 1);
}

TEST_F(FailureTest, DeadDaemonEndsEveryWaitWithinASecond) {
  Client client = connect();
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto reply = client.pool("one").call<Hold>().get();
      EXPECT_EQ(reply.code(), Code::unavailable);
      EXPECT_NE(reply.error().text.find("unknown"), std::string::npos);
      ++ended;
    });
  }
  await_held(4);
  auto start = std::chrono::steady_clock::now();
  daemon_->stop();
  for (auto& thread : threads) thread.join();
  EXPECT_LT(seconds_since(start), 1.0);
  EXPECT_EQ(ended, 4);
}

TEST_F(FailureTest, TheSameClientWorksAgainOnceADaemonIsBack) {
  Client client = connect();
  Pool pool = client.pool("one");
  auto kept = pool.call<Echo>("kept", Bytes(pattern(5000))).get();
  ASSERT_TRUE(kept.ok());
  auto lost = pool.call<Hold>();
  await_held(1);
  daemon_.reset();
  EXPECT_EQ(pool.call<Null>().get().code(), Code::unavailable);
  EXPECT_EQ(lost.get().code(), Code::unavailable);
  EXPECT_EQ(kept->data.view(), pattern(5000));  // its memory outlives the daemon
  boot();
  daemon_->stop();  // another place for the pool
  daemon_->add_pool("one", 77, 1, 300);
  daemon_->listen(path());
  daemon_->start();
  auto reply = pool.call<Echo>("again", Bytes(pattern(3000))).get();
  ASSERT_TRUE(reply.ok()) << reply.error().to_string();
  EXPECT_EQ(reply->data.view(), pattern(3000));
  // Memory of the old connection is copied, not named to the new daemon.
  reply = pool.call<Echo>("old", std::move(kept->data)).get();
  ASSERT_TRUE(reply.ok()) << reply.error().to_string();
  EXPECT_EQ(reply->data.view(), pattern(5000));
}

TEST_F(FailureTest, WithoutReconnectADeadConnectionStaysDead) {
  ConnectOptions options;
  options.reconnect = false;
  Client client = connect(options);
  daemon_.reset();
  boot();
  EXPECT_EQ(client.pool("one").call<Null>().get().code(), Code::unavailable);
}

TEST_F(FailureTest, ForgottenCallsThatWereLostAreReportedByFlush) {
  Client client = connect();
  static_cast<void>(client.pool("one").call<Hold>());
  await_held(1);
  daemon_.reset();
  EXPECT_EQ(client.flush().code(), Code::unavailable);
  EXPECT_TRUE(client.flush().ok());
}

TEST_F(FailureTest, MemoryLimitIsAnErrorThatNamesIt) {
  Client client = connect();
  std::vector<Bytes> loans;
  Status last;
  while (last.ok() && loans.size() < 1000) {
    auto loan = client.allocate(1u << 20);
    if (loan.ok()) {
      std::memset(loan->data(), static_cast<int>(loans.size()), loan->size());
      loans.push_back(*std::move(loan));
    } else {
      last = std::move(loan).error();
    }
  }
  EXPECT_EQ(last.code(), Code::resource_exhausted);
  EXPECT_NE(last.error().text.find("session.memory_limit"), std::string::npos);
  EXPECT_EQ(loans.size(), 64U);
  for (std::size_t i = 0; i < loans.size(); ++i) EXPECT_EQ(loans[i].data()[(1u << 20) - 1], i);
  EXPECT_EQ(client.pool("one").call<Echo>("x", Bytes(pattern(1u << 20))).get().code(), Code::resource_exhausted);
  std::thread other([&] { loans.pop_back(); });
  EXPECT_TRUE(client.allocate(1u << 20, 10s).ok());
  other.join();
  loans.clear();
  EXPECT_TRUE(client.allocate(4u << 20).ok());  // neighbours became one again
}

TEST_F(FailureTest, WrongOwnerIsAskedAgainOnce) {
  Client client = connect();
  Pool pool = client.pool("many").on(container(1));
  ASSERT_TRUE(pool.call<Null>().get().ok());
  daemon_->set_lane(201, 0, 7);  // it moved
  behaviour().wrong_owner = 1;
  EXPECT_EQ(pool.call<Echo>(pattern(300), Bytes(pattern(900))).get()->data.view(), pattern(900));
  EXPECT_EQ(behaviour().last_epoch, 7U);
  behaviour().wrong_owner = 2;
  EXPECT_EQ(pool.call<Null>().get().code(), Code::wrong_owner);
}

TEST_F(FailureTest, PoolMadeAnewIsFoundAgain) {
  Client client = connect();
  Pool pool = client.pool("one");
  ASSERT_TRUE(pool.call<Null>().get().ok());
  behaviour().rename_one = 99;
  auto reply = pool.call<Echo>("after").get();
  ASSERT_TRUE(reply.ok()) << reply.error().to_string();
  EXPECT_EQ(reply->text, "after");
}

TEST_F(FailureTest, ForgottenCallsFindAPoolMadeAnewToo) {
  Client client = connect();
  Pool pool = client.pool("one").fire_and_forget();
  ASSERT_TRUE(pool.call<Null>().get().ok());
  ASSERT_TRUE(client.flush().ok());
  behaviour().rename_one = 99;
  ASSERT_TRUE(pool.call<Null>().get().ok());  // lost: the daemon counts it
  ASSERT_TRUE(client.flush().ok());
  ASSERT_TRUE(pool.call<Null>().get().ok());
  ASSERT_TRUE(client.flush().ok());
  EXPECT_EQ(behaviour().calls, 2);
}

TEST_F(FailureTest, PoolMadeAnewIsNotFollowedByWhoDoesNotWantIt) {
  ConnectOptions options;
  options.follow_pools = false;
  Client client = connect(options);
  Pool pool = client.pool("one");
  ASSERT_TRUE(pool.call<Null>().get().ok());
  behaviour().rename_one = 99;
  EXPECT_EQ(pool.call<Null>().get().code(), Code::not_found);
  ASSERT_TRUE(pool.fire_and_forget().call<Null>().get().ok());  // lost
  ASSERT_TRUE(client.flush().ok());
  EXPECT_EQ(pool.call<Null>().get().code(), Code::not_found);
  EXPECT_EQ(behaviour().calls, 1);
}

TEST_F(FailureTest, NotFoundForAnotherReasonKeepsItsText) {
  Client client = connect();
  Pool pool = client.pool("one");
  ASSERT_TRUE(pool.call<Null>().get().ok());
  behaviour().missing = 1;
  auto reply = pool.call<Null>().get();
  EXPECT_EQ(reply.code(), Code::not_found);
  EXPECT_EQ(reply.error().text, "something else");
}

TEST_F(FailureTest, AnotherProtocolVersionIsRefused) {
  daemon_.reset();
  FakeOptions options;
  options.protocol = shm::kProtocolVersion + 1;
  boot(options);
  ConnectOptions connect_options;
  connect_options.socket = path();
  EXPECT_EQ(Client::connect(connect_options).code(), Code::failed_precondition);
}

TEST_F(FailureTest, NoDaemonAndImpossibleNames) {
  ConnectOptions options;
  options.socket = folder_ + "/nobody.sock";
  auto refused = Client::connect(options);
  EXPECT_EQ(refused.code(), Code::unavailable);
  EXPECT_NE(refused.error().text.find("chimaera start"), std::string::npos);
  options.socket = std::string(200, 'x');
  EXPECT_EQ(Client::connect(options).code(), Code::invalid_argument);
  options.socket.clear();
  options.name = "../etc";
  EXPECT_EQ(Client::connect(options).code(), Code::invalid_argument);
}

}  // namespace
}  // namespace chi::test
