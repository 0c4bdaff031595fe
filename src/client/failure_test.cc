// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls that do not go well: no answer, no daemon, no memory, the wrong place.
#include <algorithm>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

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

// Only the runtime can say that a call was not admitted: a handler's error has no mark, whatever it looks like.
TEST_F(FailureTest, AHandlersErrorIsNeverAReasonToAskAgain) {
  Client client = connect();
  Pool pool = client.pool("many").on(container(1));
  for (Code code : {Code::wrong_owner, Code::not_found, Code::unavailable, Code::aborted, Code::stale}) {
    behaviour().handler_fails = code;
    behaviour().calls = 0;
    EXPECT_EQ(pool.call<Echo>("x", Bytes(pattern(900))).get().error().text, "by a handler that has run");
    EXPECT_EQ(behaviour().calls, 1) << code_name(code);
  }
}

class ForeignBuffers : public FakeTest {
 protected:
  static constexpr std::size_t kSize = 4096;

  static bool all_are(const Buffer& buffer, std::uint8_t value) {
    return std::all_of(buffer.data(), buffer.data() + buffer.size(), [&](std::uint8_t byte) { return byte == value; });
  }
  static bool filled(const Buffer& buffer) { return all_are(buffer, 7); }
  static bool untouched(const Buffer& buffer) { return all_are(buffer, 1); }

  static Buffer fresh(const Client& of, std::size_t size = kSize) {
    Buffer out = of.allocate_buffer(size).value();
    std::memset(out.data(), 1, size);
    return out;
  }
  static void expect_refused(Future<Nothing> future, const Buffer& buffer, Code code, const char* what) {
    auto reply = future.get();
    ASSERT_FALSE(reply.ok()) << what;
    EXPECT_EQ(reply.code(), code) << what;
    EXPECT_NE(reply.error().text.find("allocate_buffer()"), std::string::npos) << reply.error().text;
    EXPECT_TRUE(untouched(buffer)) << what;
  }
};

TEST_F(ForeignBuffers, AreRefused) {
  Client client = connect();
  Client other = connect();
  Pool pool = client.pool("one");
  const Buffer own = fresh(client);
  const Buffer large = fresh(client, 1 << 20);
  const Buffer nested = fresh(client);
  ASSERT_TRUE(pool.call<Fill>(own.slice(1000, 500), std::vector{large, nested}, std::optional(nested)).get().ok());
  EXPECT_TRUE(filled(own.slice(1000, 500)) && filled(large) && filled(nested));
  EXPECT_TRUE(untouched(own.slice(0, 1000)) && untouched(own.slice(1500, kSize)));
  EXPECT_TRUE(pool.call<Fill>(Buffer()).get().ok()) << "no memory is nobody's";

  Buffer heap = Buffer::allocate(kSize);
  std::memset(heap.data(), 1, kSize);
  const Buffer theirs = fresh(other);
  const std::vector<Buffer> no_more;
  expect_refused(pool.call<Fill>(heap), heap, Code::invalid_argument, "the program's own");
  expect_refused(pool.call<Fill>(heap.slice(8, 8)), heap, Code::invalid_argument, "a part of it");
  expect_refused(pool.call<Fill>(own, std::vector{nested, heap}), heap, Code::invalid_argument, "in a vector");
  expect_refused(pool.call<Fill>(own, no_more, std::optional(heap)), heap, Code::invalid_argument, "in an optional");
  expect_refused(pool.call<Fill>(theirs), theirs, Code::failed_precondition, "another client's");
  expect_refused(pool.call<Fill>(fresh(other, 100)), theirs, Code::failed_precondition, "another client's, small");
  std::vector<std::uint8_t> vector(kSize, 1);
  const Buffer nobodys = Buffer::adopt({vector.data(), vector.size(), nullptr});
  EXPECT_EQ(pool.call<Fill>(nobodys).get().code(), Code::invalid_argument);
  EXPECT_TRUE(untouched(nobodys));
  std::thread([&] {
    const Pool here = client.pool("one");
    expect_refused(here.call<Fill>(theirs), theirs, Code::failed_precondition, "in another thread");
    const Buffer mine = fresh(client);
    EXPECT_TRUE(here.call<Fill>(own, std::vector{mine}).get().ok()) << "all threads of a client share";
    EXPECT_TRUE(filled(own) && filled(mine));
  }).join();
  EXPECT_EQ(pool.fire_and_forget().call<Fill>(theirs).get().code(), Code::failed_precondition);
  EXPECT_EQ(pool.every(1ms).call<Fill>(theirs).code(), Code::failed_precondition);
  EXPECT_EQ(behaviour().calls, 3) << "nothing that was refused has reached the daemon";

  auto reply = pool.call<Echo>("copied", Bytes::from(theirs)).get();
  ASSERT_TRUE(reply.ok()) << "bytes are values: " << reply.error().to_string();
  EXPECT_EQ(reply->data.view(), theirs.view());
}

TEST_F(ForeignBuffers, AreThoseOfAClientThatHasGoneAndOfTheSessionBefore) {
  auto client = std::make_unique<Client>(connect());
  Pool pool = client->pool("one");
  const Buffer old = fresh(*client);
  const Buffer closed = [&] {
    const Client short_lived = connect();
    return fresh(short_lived);
  }();
  expect_refused(pool.call<Fill>(closed), closed, Code::failed_precondition, "a closed client's");
  daemon_.reset();
  boot();
  while (pool.call<Null>().get().code() == Code::unavailable) {
  }
  expect_refused(pool.call<Fill>(old), old, Code::failed_precondition, "of the session before");
  const Buffer anew = fresh(*client);
  EXPECT_TRUE(pool.call<Fill>(anew).get().ok());
  EXPECT_TRUE(filled(anew));
  client.reset();
  EXPECT_TRUE(untouched(old)) << "and is there as long as it is held";
}

TEST_F(FailureTest, DeadlinesAreOfTheDaemonsClock) {
  for (const std::uint64_t ahead_ns :
       {std::uint64_t{0}, std::uint64_t{3'600'000'000'000}, ~std::uint64_t{0} - 50'000'000}) {
    daemon_.reset();
    FakeOptions options;
    options.clock_ahead_ns = ahead_ns;
    boot(options);
    Client client = connect();
    const std::uint64_t before = SystemClock().now_ns() + ahead_ns;
    ASSERT_TRUE(client.pool("one").with_deadline(10s).call<Null>().get().ok());
    const std::uint64_t told = shm::deadline_of(behaviour().last_tick, before);
    EXPECT_GE(told, before + 9'900'000'000) << ahead_ns;
    EXPECT_LT(told, before + 15'000'000'000) << ahead_ns;
  }
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
