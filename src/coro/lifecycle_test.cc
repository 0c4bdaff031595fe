// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Making a container, its state as bytes, the merging of replies, and calls to several containers.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "coro/fake_daemon.h"
#include "coro/sample_module.h"

using namespace chi::sample;

namespace chi {
namespace {

constinit const chi_module kTable = detail::module_table<Bucket, Put, Get, Count>("sample", "1.2.3");

void keep_bytes(void* to, const chi_message* message) {
  static_cast<std::string*>(to)->assign(reinterpret_cast<const char*>(message->data), message->size);
}
chi_message message_of(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<std::uint32_t>(bytes.size()), 0, nullptr};
}

class LifecycleTest : public ::testing::Test {
 protected:
  void TearDown() override {
    daemon_.run();
    EXPECT_EQ(daemon_.holds, 0);
    EXPECT_EQ(fake::Daemon::blocks, 0);
  }
  fake::Daemon daemon_;
};

TEST_F(LifecycleTest, TheConfigReachesOpen) {
  std::string config = encode_to_string(Bucket::Config{"value", false});
  fake::Instance instance(daemon_, kTable, message_of(config));
  ASSERT_TRUE(instance.created());
  EXPECT_EQ(instance.call(Get{"first"})->reply<Text>()->text, "value@1000");
}

TEST_F(LifecycleTest, AFailureOfOpenLeavesNothingBehind) {
  std::string config = encode_to_string(Bucket::Config{"value", true});
  fake::Instance instance(daemon_, kTable, message_of(config));
  EXPECT_FALSE(instance.created());
  EXPECT_EQ(instance.error.to_string(), "failed_precondition: told to fail (in inventory/2)");
  EXPECT_EQ(daemon_.timers(), 0u);
}

TEST_F(LifecycleTest, AnExceptionOrADamagedConfigIsAnError) {
  std::string throws = encode_to_string(Bucket::Config{"throw", false});
  EXPECT_NE(fake::Instance(daemon_, kTable, message_of(throws)).error.text.find("open threw"), std::string::npos);
  std::string damaged = throws.substr(0, 9);
  EXPECT_EQ(fake::Instance(daemon_, kTable, message_of(damaged)).error.code, Code::invalid_argument);
}

TEST_F(LifecycleTest, ASnapshotBringsTheStateBack) {
  fake::Instance from(daemon_, kTable);
  fake::Instance to(daemon_, kTable);
  from.call(Put{"apple", std::string(2000, 'r')});
  to.call(Put{"pear", "green"});
  std::string bytes;
  ASSERT_EQ(kTable.snapshot(from.self(), &bytes, &keep_bytes), 0);
  chi_message message = message_of(bytes);
  ASSERT_EQ(kTable.restore(to.self(), &message, 2), 0);
  EXPECT_EQ(to.call(Get{"apple"})->reply<Text>()->text, std::string(2000, 'r') + "@1000");
  EXPECT_EQ(to.call(Get{"pear"})->reply<Text>().code(), Code::not_found);
}

TEST_F(LifecycleTest, ARefusedSnapshotLeavesTheStateAsItWas) {
  fake::Instance instance(daemon_, kTable);
  instance.call(Put{"apple", "red"});
  std::string bytes;
  ASSERT_EQ(kTable.snapshot(instance.self(), &bytes, &keep_bytes), 0);
  chi_message older = message_of(bytes);
  EXPECT_EQ(kTable.restore(instance.self(), &older, 1), static_cast<int>(Code::failed_precondition));
  bytes.resize(bytes.size() - 1);
  chi_message cut = message_of(bytes);
  EXPECT_EQ(kTable.restore(instance.self(), &cut, 2), static_cast<int>(Code::invalid_argument));
  EXPECT_EQ(instance.call(Get{"apple"})->reply<Text>()->text, "red@1000");
}

TEST_F(LifecycleTest, MergeFoldsWhatTheContainersAnswered) {
  std::vector<std::string> encoded;
  for (std::uint64_t n : {1, 20, 300}) encoded.push_back(encode_to_string(Number{n}));
  std::vector<chi_message> replies;
  for (const auto& bytes : encoded) replies.push_back(message_of(bytes));
  std::string merged;
  ASSERT_EQ(kTable.methods[2].merge(replies.data(), 3, &merged, &keep_bytes), 0);
  EXPECT_EQ(decode_from<Number>(merged)->number, 321u);
  replies[1].size -= 1;
  EXPECT_NE(kTable.methods[2].merge(replies.data(), 3, &merged, &keep_bytes), 0);
  EXPECT_EQ(decode_error(0, message_of(merged)).code, Code::invalid_argument);
}

class GatherTest : public LifecycleTest {
 protected:
  void SetUp() override {
    chi_create made{};
    made.pool_name = "mine";
    core_.attach(fake::Daemon::services(), daemon_.container(), made);
  }
  static void put(Encoder& to, std::uint32_t container, Code code, const std::string& bytes) {
    detail::put_gathered(to, {container, static_cast<std::int32_t>(code), message_of(bytes)});
  }

  detail::ContainerCore core_;
};

TEST_F(GatherTest, GivesEachReplyAndEachFailure) {
  PoolRef pool(core_, 9, "kv");
  auto pending = pool.on(all()).gather<Get>("k");
  ASSERT_EQ(daemon_.calls.size(), 1u);
  EXPECT_EQ(daemon_.calls[0]->submission.query.kind, static_cast<int>(QueryKind::all));
  Encoder reply;
  reply.u32(3);
  put(reply, 0, Code::ok, encode_to_string(Text{"zero"}));
  put(reply, 1, Code::not_found, encode_to_string(Error{Code::not_found, "not here", {}}));
  put(reply, 2, Code::ok, encode_to_string(Text{"two"}));
  daemon_.answer_with(reply);
  auto gathered = pending.take();
  ASSERT_TRUE(gathered.ok()) << gathered.error().to_string();
  ASSERT_EQ(gathered->replies.size(), 3u);
  EXPECT_EQ(gathered->replies[0].reply->text, "zero");
  EXPECT_EQ(gathered->replies[2].container, 2u);
  EXPECT_FALSE(gathered->complete());
  ASSERT_EQ(gathered->failures.size(), 1u);
  EXPECT_EQ(gathered->failures[0].error.text, "not here");
}

TEST_F(GatherTest, BuffersBelongToTheirEntries) {
  PoolRef pool(core_, 9, "kv");
  auto pending = pool.on(range(0, 2)).gather<Copy>();
  Encoder reply;
  reply.u32(2);
  for (std::uint32_t i = 0; i < 2; ++i) {
    Encoder one;
    encode_message(one, Copy{Bytes(std::string(1000, static_cast<char>('a' + i)))});
    detail::put_gathered(reply, {i, 0, one.message()});
  }
  daemon_.answer_with(reply);
  auto gathered = pending.take();
  EXPECT_EQ(gathered->replies[0].reply->bytes.view(), std::string(1000, 'a'));
  EXPECT_EQ(gathered->replies[1].reply->bytes.view(), std::string(1000, 'b'));
}

TEST_F(GatherTest, ACallToSeveralMergesAndNamesThoseThatFailed) {
  PoolRef pool(core_, 9, "kv");
  auto complete = pool.call<Count>();
  auto partial = pool.call<Count>();
  Encoder whole;
  whole.u32(1);
  put(whole, detail::kMergedEntry, Code::ok, encode_to_string(Number{7}));
  daemon_.answer_with(whole);
  EXPECT_EQ(complete.take()->number, 7u);
  Encoder part;
  part.u32(3);
  put(part, detail::kMergedEntry, Code::ok, encode_to_string(Number{5}));
  put(part, 4, Code::unavailable, encode_to_string(Error{Code::unavailable, "gone", {}}));
  put(part, 6, Code::unavailable, encode_to_string(Error{Code::unavailable, "gone too", {}}));
  daemon_.answer_with(part);
  auto failed = partial.take();
  EXPECT_EQ(failed.code(), Code::unavailable);
  EXPECT_NE(failed.error().text.find("4 6"), std::string::npos) << failed.error().text;
}

TEST_F(GatherTest, TheWrongFormOfCallSaysWhichIsRight) {
  PoolRef pool(core_, 9, "kv");
  EXPECT_NE(pool.on(all()).call<Get>("k").take().error().text.find("gather()"), std::string::npos);
  EXPECT_NE(pool.on(container(1)).gather<Get>("k").take().error().text.find("call()"), std::string::npos);
}

TEST_F(GatherTest, DamagedSetsAreRefused) {
  Encoder reply;
  reply.u32(2);
  put(reply, 0, Code::ok, encode_to_string(Text{"zero"}));
  put(reply, 1, Code::ok, encode_to_string(Text{"one"}));
  const chi_message whole = reply.message();
  ASSERT_TRUE(decode_gathered<Get>(whole).ok());
  for (std::uint32_t size = 1; size < whole.size; ++size) {
    chi_message cut = whole;
    cut.size = size;
    EXPECT_FALSE(decode_gathered<Get>(cut).ok()) << size;
  }
}

TEST_F(GatherTest, AnEntryHasNoMoreBuffersThanThereAre) {
  Encoder one;
  encode_message(one, Copy{Bytes(std::string(1000, 'a'))});
  Encoder reply;
  reply.u32(1);
  detail::put_gathered(reply, {0, 0, one.message()});
  chi_message without = reply.message();
  ASSERT_TRUE(decode_gathered<Copy>(without).ok());
  without.buffer_count = 0;
  without.buffers = nullptr;
  EXPECT_EQ(decode_gathered<Copy>(without).code(), Code::invalid_argument);
}

TEST_F(GatherTest, ADestroyedPendingCancelsItsCallAndItsMemoryStaysUntilThat) {
  PoolRef pool(core_, 9, "kv");
  {
    auto pending = pool.call<Get>("k");
  }
  EXPECT_TRUE(daemon_.calls.empty());
  EXPECT_EQ(fake::Daemon::blocks, 1);
  daemon_.run();
  EXPECT_EQ(fake::Daemon::blocks, 0);
}

TEST_F(GatherTest, APeriodicCallEndsWithItsPending) {
  PoolRef pool(core_, 9, "kv");
  {
    auto ticking = pool.every(std::chrono::milliseconds(5)).call<Get>("k");
    EXPECT_EQ(daemon_.calls[0]->submission.flags, CHI_PERIODIC);
    EXPECT_EQ(daemon_.calls[0]->submission.period_ns, 5'000'000u);
  }
  EXPECT_TRUE(daemon_.calls.empty());
}

}  // namespace
}  // namespace chi
