// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls that go well: sizes, routes, order, flags, coroutines.
#include <chimaera/timer.h>
#include <chimaera/when_all.h>

#include "client/fake_fixture.h"

namespace chi::test {
namespace {

using ClientTest = FakeTest;

TEST_F(ClientTest, RepliesComeBackWhateverTheirSize) {
  Client client = connect();
  Pool pool = client.pool("one");
  // Within the first slot, in several, at the edge of what travels inline, in an arena; fields and attached bytes.
  for (std::size_t size : {0, 1, 2, 9, 10, 30, 100, 300, 410, 425, 426, 430, 440, 500, 512, 513, 1000, 5000, 100'000}) {
    std::string text = pattern(size);
    auto reply = pool.call<Echo>(text, Bytes("tail")).get();
    ASSERT_TRUE(reply.ok()) << size << ": " << reply.error().to_string();
    EXPECT_EQ(reply->text, text) << size;
    EXPECT_EQ(reply->data.view(), "tail");
    reply = pool.call<Echo>("head", Bytes(text)).get();
    ASSERT_TRUE(reply.ok()) << size << ": " << reply.error().to_string();
    EXPECT_EQ(reply->text, "head");
    EXPECT_EQ(reply->data.view(), text) << size;
  }
}

TEST_F(ClientTest, LoanedMemoryTravelsAndComesBack) {
  Client client = connect();
  Pool pool = client.pool("one");
  std::string content = pattern(1 << 20);
  for (int round = 0; round < 50; ++round) {  // more than the arenas hold, were the space not given back
    auto loan = client.allocate(content.size());
    ASSERT_TRUE(loan.ok());
    std::memcpy(loan->data(), content.data(), content.size());
    auto reply = pool.call<Echo>("x", *std::move(loan)).get();
    ASSERT_TRUE(reply.ok()) << reply.error().to_string();
    ASSERT_EQ(reply->data.view(), content);
  }
  ASSERT_TRUE(pool.call<Null>().get().ok());
  while (behaviour().released < 49) ASSERT_TRUE(pool.call<Null>().get().ok());
}

TEST_F(ClientTest, HashGoesToTheContainerThatOwnsIt) {
  Client client = connect();
  Pool pool = client.pool("many");
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) {
    auto reply = pool.call<KeyedEcho>(key, Bytes()).get();
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(reply->container, container_of(hash_bytes(key), 4));
    EXPECT_EQ(behaviour().last_epoch, 1U);
  }
  EXPECT_EQ(pool.on(container(3)).call<Echo>("x").get()->container, 3U);
  EXPECT_EQ(pool.on(container(4)).call<Echo>("x").get().code(), Code::not_found);
}

TEST_F(ClientTest, ManyAtOnceAndOutOfOrder) {
  Client client = connect();
  Pool pool = client.pool("one");
  std::vector<Future<Nothing>> held;
  held.reserve(100);
  for (int i = 0; i < 100; ++i) held.push_back(pool.call<Hold>());
  await_held(100);
  for (auto& each : held) EXPECT_FALSE(each.ready());
  auto between = pool.call<Echo>("between").get();
  ASSERT_TRUE(between.ok());
  behaviour().release_held = true;
  wait_all(held);
  for (auto& each : held) {
    EXPECT_TRUE(each.ready());
    EXPECT_TRUE(each.get().ok());
    EXPECT_EQ(each.get().code(), Code::failed_precondition);  // taken before
  }
}

TEST_F(ClientTest, MoreThanTheRingAndTheTableHold) {
  Client client = connect();
  Pool pool = client.pool("one");
  std::vector<Future<EchoReply>> futures;
  std::string text = pattern(200);
  for (int i = 0; i < 5000; ++i) {
    futures.push_back(pool.call<Echo>(text + std::to_string(i)));
    if (futures.size() == 900) {
      for (std::size_t k = 0; k < futures.size(); ++k) {
        auto reply = futures[k].get();
        ASSERT_TRUE(reply.ok()) << reply.error().to_string();
        ASSERT_EQ(reply->text, text + std::to_string(i - 899 + static_cast<int>(k)));
      }
      futures.clear();
    }
  }
}

TEST_F(ClientTest, AllFuturesMayBeKept) {
  Client client = connect();
  Pool pool = client.pool("many");
  std::vector<Future<EchoReply>> futures;
  futures.reserve(3000);
  for (int i = 0; i < 3000; ++i) futures.push_back(pool.on(any()).call<Echo>(std::to_string(i)));
  auto held = pool.on(any()).call<Hold>();
  wait_all(futures);
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(futures[static_cast<std::size_t>(i)].get()->text, std::to_string(i));
  behaviour().release_held = true;
  EXPECT_TRUE(held.get().ok());
}

TEST_F(ClientTest, FullRingWaitsUntilTheDeadlineAndSaysSo) {
  Client client = connect();
  Pool pool = client.pool("one");
  ASSERT_TRUE(pool.call<Null>().get().ok());
  behaviour().paused = true;
  std::vector<Future<Nothing>> futures;
  Error refused;
  for (std::uint32_t i = 0; i <= shm::kRingSlots && refused.code != Code::deadline_exceeded; ++i) {
    Pool hurried = pool.with_deadline(std::chrono::milliseconds(i < shm::kRingSlots / 2 ? 20'000 : 20));
    futures.push_back(hurried.call<Null>());
    if (futures.back().ready()) refused = futures.back().get().error();
  }
  EXPECT_EQ(refused.code, Code::deadline_exceeded);
  EXPECT_NE(refused.text.find("not submitted"), std::string::npos);
  futures.pop_back();
  behaviour().paused = false;
  for (std::size_t i = 0; i < shm::kRingSlots / 2; ++i) EXPECT_TRUE(futures[i].get().ok());
}

TEST_F(ClientTest, MemoryGivenBackTakesNoCallsRoomInTheRing) {
  Client client = connect();
  Pool pool = client.pool("one");
  for (int before : {0, 1}) {  // so that once the ring has room for one message when there are two
    std::vector<EchoReply> large(shm::kRingSlots);
    for (auto& each : large) each = pool.call<Echo>("", Bytes(pattern(64 << 10))).get().value();
    behaviour().released = 0;
    behaviour().paused = true;
    std::vector<Future<Nothing>> futures;
    futures.reserve(shm::kRingSlots + 1);
    for (int i = 0; i < before; ++i) futures.push_back(pool.call<Null>());
    Code refused = Code::ok;
    while (!large.empty() && refused == Code::ok) {
      large.pop_back();
      futures.push_back(pool.with_deadline(std::chrono::milliseconds(futures.size() < 60 ? 20'000 : 20)).call<Null>());
      if (futures.back().ready()) refused = futures.back().get().code();
    }
    EXPECT_EQ(refused, Code::deadline_exceeded);
    behaviour().paused = false;
    for (std::size_t i = 0; i < 60; ++i) EXPECT_TRUE(futures[i].get().ok());
    const auto dropped = static_cast<int>(shm::kRingSlots - large.size());
    while (behaviour().released < dropped) ASSERT_TRUE(pool.call<Null>().get().ok());
  }
}

TEST_F(ClientTest, SmallBuffersGoBackManyAtOnceAndTheRestInTime) {
  Client client = connect();
  Pool pool = client.pool("one");
  auto drop = [&](int count) {
    for (int i = 0; i < count; ++i) EXPECT_TRUE(pool.call<Echo>("", Bytes(pattern(2000))).get().ok());
    EXPECT_TRUE(pool.call<Null>().get().ok());  // it comes behind what gives back
  };
  drop(16);
  EXPECT_EQ(behaviour().released, 16);
  EXPECT_EQ(behaviour().releases, 1);
  drop(5);
  while (behaviour().released < 21) client.poll_for(std::chrono::milliseconds(10));
}

TEST_F(ClientTest, DroppedFuturesAndForgottenCallsAreFlushed) {
  Client client = connect();
  Pool pool = client.pool("one");
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(pool.fire_and_forget().call<Echo>(pattern(600), Bytes(pattern(2000))).get().ok());
    static_cast<void>(pool.call<Echo>(pattern(10)));
  }
  EXPECT_TRUE(client.flush().ok());
  EXPECT_EQ(behaviour().calls, 4000);
  EXPECT_TRUE(pool.flush().ok());
}

TEST_F(ClientTest, GatherGivesEachAndMergeFailsAsAWhole) {
  Client client = connect();
  Pool pool = client.pool("many");
  auto merged = pool.call<Count>().get();  // merges, so goes to all by itself
  ASSERT_TRUE(merged.ok()) << merged.error().to_string();
  EXPECT_EQ(merged->count, 4U);
  behaviour().failing_container = 2;
  auto gathered = pool.gather<Count>().get();
  ASSERT_TRUE(gathered.ok());
  EXPECT_EQ(gathered->value.count, 3U);
  ASSERT_EQ(gathered->failures.size(), 1U);
  EXPECT_EQ(gathered->failures[0].container, 2U);
  merged = pool.call<Count>().get();
  EXPECT_EQ(merged.code(), Code::aborted);
  EXPECT_NE(merged.error().text.find("containers 2"), std::string::npos);
  EXPECT_EQ(pool.on(all()).call<Null>().get().code(), Code::invalid_argument);
  EXPECT_EQ(pool.on(any()).gather<Count>().get().code(), Code::invalid_argument);
}

TEST_F(ClientTest, RawCalls) {
  Client client = connect();
  Encoder request;
  encode_message(request, Echo{"raw", Bytes(pattern(700))});
  auto reply = client.pool("one").call_raw(1, request.message(), request.references()).get();
  ASSERT_TRUE(reply.ok());
  std::vector<chi_buffer> buffers;
  for (auto& each : reply->buffers) buffers.push_back(each.raw());
  auto decoded = decode_message<EchoReply>({reply->fields.data(), static_cast<std::uint32_t>(reply->fields.size()),
                                            static_cast<std::uint32_t>(buffers.size()), buffers.data()});
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->text, "raw");
  EXPECT_EQ(decoded->data.view(), pattern(700));
  EXPECT_EQ(client.pool("one").call_raw(4000, {}).get().code(), Code::invalid_argument);
  EXPECT_EQ(client.pool("one").call_raw(1, request.message()).get().code(), Code::invalid_argument)
      << "who does not say that these are values is taken to mean the callee to work in them";
}

TEST_F(ClientTest, UnknownPoolSaysWhatToDo) {
  Client client = connect();
  auto reply = client.pool("none").call<Null>().get();
  EXPECT_EQ(reply.code(), Code::not_found);
  EXPECT_EQ(reply.error().text, "no pool of this name; `chimaera pool list` shows those there are")
      << "the daemon's words";
}

Task<Result<std::string>> twice(Pool pool, std::string text) {
  auto first = co_await pool.call<Echo>(text);
  if (!first.ok()) co_return first.error();
  auto slept = co_await sleep_for(std::chrono::milliseconds(1));
  if (!slept.ok()) co_return slept.error();
  auto second = co_await pool.call<Echo>(first->text + first->text);
  if (!second.ok()) co_return second.error();
  co_return second->text;
}

Task<Result<std::string>> several(Pool pool) {
  std::vector<Task<Result<std::string>>> tasks;
  tasks.reserve(20);
  for (int i = 0; i < 20; ++i) tasks.push_back(twice(pool, std::to_string(i)));
  auto results = co_await when_all(std::move(tasks));
  std::string out;
  for (auto& each : results) {
    if (!each.ok()) co_return each.error();
    out += *each;
  }
  auto a = pool.call<Echo>("a");
  auto b = pool.call<Echo>("b");
  auto both = co_await when_all(std::move(b), std::move(a));
  out += std::get<0>(both)->text + std::get<1>(both)->text;
  co_return out;
}

TEST_F(ClientTest, CoroutinesAwaitCalls) {
  Client client = connect();
  Pool pool = client.pool("one");
  auto one = client.run([&] { return twice(pool, "x"); });
  ASSERT_TRUE(one.ok()) << one.error().to_string();
  EXPECT_EQ(*one, "xx");
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += std::to_string(i) + std::to_string(i);
  auto all_of_them = client.run([&] { return several(pool); });
  ASSERT_TRUE(all_of_them.ok()) << all_of_them.error().to_string();
  EXPECT_EQ(*all_of_them, expected + "ba");
}

Task<Result<std::string>> forever(Future<Nothing> never) {
  auto reply = co_await never;
  co_return reply.ok() ? Result<std::string>("done") : Result<std::string>(reply.error());
}

TEST_F(ClientTest, CoroutineDestroyedWhileItWaits) {
  Client client = connect();
  Pool pool = client.pool("one");
  {
    auto task = forever(pool.call<Hold>());
  }
  await_held(1);
  behaviour().release_held = true;
  EXPECT_TRUE(client.flush().ok());
  EXPECT_EQ(client.poll(), 0U);
}

}  // namespace
}  // namespace chi::test
