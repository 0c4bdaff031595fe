// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Several threads: a stream each, Futures that stray, streams that are used again.
#include <thread>

#include "client/fake_fixture.h"
#include "client/session.h"

namespace chi::test {
namespace {

using ThreadsTest = FakeTest;

TEST_F(ThreadsTest, EachThreadGetsItsOwnAnswers) {
  Client client = connect();
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&client, t] {
      Pool pool = client.pool("many");
      for (int i = 0; i < 300; ++i) {
        std::string text = std::to_string(t) + ":" + std::to_string(i);
        auto small = pool.call<KeyedEcho>(text);
        auto large = pool.call<KeyedEcho>(text, Bytes(pattern(static_cast<std::size_t>(600 + i))));
        auto reply = large.get();
        ASSERT_TRUE(reply.ok()) << reply.error().to_string();
        ASSERT_EQ(reply->text, text);
        ASSERT_EQ(reply->data.view(), pattern(static_cast<std::size_t>(600 + i)));
        ASSERT_EQ(small.get()->text, text);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(ThreadsTest, StreamsAreUsedAgain) {
  Client client = connect();
  const void* first = nullptr;
  for (int i = 0; i < 20; ++i) {
    std::thread thread([&] {
      ASSERT_TRUE(client.pool("one").fire_and_forget().call<Echo>("x", Bytes(pattern(1000))).get().ok());
      const void* mine = client::thread_cache.stream;
      if (!first) first = mine;
      EXPECT_EQ(mine, first);
    });
    thread.join();
  }
  std::thread last([&] { EXPECT_TRUE(client.flush().ok()); });
  last.join();
}

TEST_F(ThreadsTest, TooManyIdleStreamsAreClosed) {
  Client client = connect();
  for (int round = 0; round < 2; ++round) {
    std::atomic<int> running{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&] {
        EXPECT_TRUE(client.pool("one").call<Echo>("x", Bytes(pattern(2000))).get().ok());
        ++running;
        while (running < 20) std::this_thread::yield();
      });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(client.pool("one").call<Null>().get().ok());
    while (behaviour().closed_streams < 11 * (round + 1)) std::this_thread::yield();
  }
}

TEST_F(ThreadsTest, OneEndOfASocketPairWillDo) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  FakeDaemon daemon;
  daemon.add_pool("one", kOne, 1, 100);
  daemon.serve_socket(UniqueFd(ends[0]));
  daemon.start();
  Client client = client::connect_socket(UniqueFd(ends[1]), {}).value();
  EXPECT_EQ(client.pool("one").call<Echo>("x").get()->text, "x");
  daemon.stop();
  EXPECT_EQ(client.pool("one").call<Null>().get().code(), Code::unavailable);
}

TEST_F(ThreadsTest, AFutureOfAnotherThreadMayOnlyBeDestroyed) {
  Client client = connect();
  Pool pool = client.pool("one");
  auto asked = pool.call<Hold>();
  auto destroyed = std::make_unique<Future<Nothing>>(pool.call<Hold>());
  await_held(2);
  std::thread other([&] {
    EXPECT_EQ(asked.get().code(), Code::failed_precondition);
    destroyed.reset();
  });
  other.join();
  behaviour().release_held = true;
  EXPECT_TRUE(client.flush().ok());
}

TEST_F(ThreadsTest, AFutureMayOutliveItsClient) {
  Future<EchoReply> answered;
  Future<Nothing> open;
  {
    Client client = connect();
    answered = client.pool("one").call<Echo>("early", Bytes(pattern(2000)));
    open = client.pool("one").call<Hold>();
    await_held(1);
    answered.wait_for(std::chrono::seconds(10));
  }
  auto reply = answered.get();
  ASSERT_TRUE(reply.ok()) << reply.error().to_string();
  EXPECT_EQ(reply->data.view(), pattern(2000));
  EXPECT_EQ(open.get().code(), Code::unavailable);
  Client next = connect();  // takes the place in the thread's cache
  EXPECT_TRUE(next.pool("one").call<Null>().get().ok());
}

struct Answered : detail::Continuation {
  Answered() {
    done = [](Continuation* self) noexcept { static_cast<Answered*>(self)->reached = true; };
  }
  bool reached = false;
};

TEST_F(ThreadsTest, AnotherThreadEndsAPoll) {
  Client client = connect();
  auto future = client.pool("one").call<Hold>();
  Answered answered;
  future.notify(answered);
  constexpr std::chrono::hours kForEver(1);
  client::Waker waker = client.waker();
  waker.wake();
  client.poll_for(kForEver);  // that wake came before
  std::atomic<bool> told{false};
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      told = true;
      waker.wake();
      while (told) std::this_thread::yield();
    }
    await_held(1);
    behaviour().release_held = true;
  });
  for (int i = 0; i < 100; ++i) {
    while (!told) client.poll_for(kForEver);
    EXPECT_FALSE(answered.reached);
    told = false;
  }
  while (!answered.reached) client.poll_for(kForEver);
  other.join();
  EXPECT_TRUE(future.get().ok());
  EXPECT_EQ(client.poll_for(kForEver), 0U);  // nothing that could come
}

TEST_F(ThreadsTest, AWakerMayOutliveItsClient) {
  client::Waker waker = connect().waker();
  waker.wake();
}

TEST_F(ThreadsTest, SleepersAreWoken) {
  Client client = connect();
  Pool pool = client.pool("one");
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // long enough for the daemon to sleep
    auto future = pool.call<Hold>();
    std::thread later([&] {
      await_held(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // and for the client
      behaviour().release_held = true;
    });
    ASSERT_TRUE(future.get().ok());
    later.join();
    behaviour().release_held = false;
  }
  EXPECT_GT(behaviour().wakes, 0);
}

}  // namespace
}  // namespace chi::test
