// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#define CHI_MODULE_NAME "sample"
#define CHI_MODULE_VERSION "1.2.3"
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "coro/fake_daemon.h"
#include "coro/sample_module.h"

using namespace chi::sample;
CHI_EXPORT_MODULE(Bucket, Put, Get, Count, Fetch, Copy, Fail, Start)

namespace chi {
namespace {

using namespace std::chrono_literals;

class ModuleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon_.pools["other"] = 5;
    instance_ = std::make_unique<fake::Instance>(daemon_, chi_module_table);
    ASSERT_TRUE(instance_->created()) << instance_->error.to_string();
  }
  void TearDown() override {
    daemon_.run();
    EXPECT_EQ(daemon_.holds, 0);
    instance_.reset();
    daemon_.run();
    EXPECT_EQ(fake::Daemon::blocks, 0);
    EXPECT_TRUE(daemon_.calls.empty());
  }

  std::string item(const std::string& key) {
    auto reply = instance_->call(Get{key})->reply<Text>();
    return reply.ok() ? reply->text : reply.error().to_string();
  }

  fake::Daemon daemon_;
  std::unique_ptr<fake::Instance> instance_;
};

TEST_F(ModuleTest, TheTableSaysWhatTheModuleIs) {
  const chi_module& table = chi_module_table;
  EXPECT_EQ(table.magic, CHI_ABI_MAGIC);
  EXPECT_EQ(table.size, sizeof(chi_module));
  EXPECT_STREQ(table.name, "sample");
  EXPECT_STREQ(table.version, "1.2.3");
  EXPECT_EQ(table.state_version, 2u);
  EXPECT_STREQ(table.state_schema, "(items:{string:string})");
  EXPECT_STREQ(table.config_schema, "(first:string,fail:bool)");
  ASSERT_EQ(table.method_count, 7u);
  const chi_method& get = table.methods[1];
  EXPECT_STREQ(get.name, "get");
  EXPECT_EQ(get.flags, unsigned{CHI_ACCESS_READ});
  EXPECT_STREQ(get.request_schema, "(key:string)");
  EXPECT_STREQ(get.reply_schema, "(text:string)");
  EXPECT_EQ(get.route, unsigned{CHI_ROUTE_HASH});
  EXPECT_EQ(get.merge, nullptr);
  EXPECT_NE(table.methods[2].merge, nullptr);
  EXPECT_EQ(table.methods[3].flags, unsigned{CHI_METHOD_COROUTINE});
  EXPECT_EQ(table.methods[6].flags & ~CHI_METHOD_COROUTINE, unsigned{CHI_ACCESS_WRITE | CHI_METHOD_LONG_RUNNING});
}

TEST_F(ModuleTest, APlainHandlerAnswersWithinTheThunkAndAllocatesNothing) {
  auto put = instance_->call(Put{"apple", "red"});
  EXPECT_TRUE(put->done);
  EXPECT_TRUE(put->fields.empty());
  EXPECT_EQ(item("apple"), "red@1000");
  EXPECT_EQ(instance_->call(Get{"pear"})->reply<Text>().error().to_string(), "not_found: no such key (in inventory/2)");
}

TEST_F(ModuleTest, WhatDoesNotFitIntoTheSlotIsHandedOver) {
  std::string large(5000, 'v');
  EXPECT_TRUE(instance_->call(Put{"k", large})->reply<Done>().ok());
  EXPECT_EQ(item("k"), large + "@1000");
}

TEST_F(ModuleTest, BuffersGoInAndOutByReference) {
  std::string large(5000, 'v');
  auto task = instance_->call(Copy{Bytes(large)});
  ASSERT_EQ(task->buffers.size(), 1u);
  EXPECT_EQ(task->reply<Copy>()->bytes.view(), large);
  EXPECT_EQ(instance_->call(Copy{Bytes("small")})->reply<Copy>()->bytes.view(), "small");
  EXPECT_EQ(instance_->call(Copy{Bytes(std::size_t{2} << 20)})->reply<Copy>().code(), Code::resource_exhausted);
}

TEST_F(ModuleTest, AnythingThrownBecomesAnError) {
  auto thrown = instance_->call(Fail{"error"})->reply<Done>();
  EXPECT_EQ(thrown.error().to_string(), "internal: the handler threw: told to (in inventory/2)");
  EXPECT_EQ(instance_->call(Fail{"memory"})->reply<Done>().code(), Code::resource_exhausted);
  EXPECT_EQ(instance_->call(Fail{"number"})->reply<Done>().code(), Code::internal);
  auto text = instance_->call(Fail{"long"})->reply<Done>();
  EXPECT_EQ(text.code(), Code::aborted);
  EXPECT_EQ(text.error().text.size(), 300u);
  EXPECT_EQ(text.error().where, "here");
}

TEST_F(ModuleTest, ADamagedRequestIsRefusedBeforeTheHandler) {
  const std::uint8_t damaged[] = {1, 1, 255, 0, 0, 0, 'x'};
  const chi_message message{damaged, sizeof damaged, 0, nullptr};
  auto plain = instance_->call_raw(Get::kMethod.id, message)->reply<Text>();
  EXPECT_EQ(plain.code(), Code::invalid_argument);
  EXPECT_NE(plain.error().text.find("'key'"), std::string::npos) << plain.error().text;
  EXPECT_EQ(instance_->call_raw(Fetch::kMethod.id, message)->reply<Text>().code(), Code::invalid_argument);
}

TEST_F(ModuleTest, ACoroutineThatNeverSuspendsAnswersWithinTheThunk) {
  auto task = instance_->call(Fetch{"at once", "x"});
  EXPECT_TRUE(task->done);
  EXPECT_EQ(task->reply<Text>()->text, "x");
  EXPECT_EQ(instance_->call(Fetch{"throw", "y"})->reply<Text>().error().text, "the handler threw: y");
  EXPECT_EQ(daemon_.steps, 0u);
}

TEST_F(ModuleTest, ACoroutineOutlivesTheThunkWithItsRequest) {
  auto task = instance_->call(Fetch{"await", std::string(60, 'k')}, 42);
  EXPECT_FALSE(task->done);
  ASSERT_EQ(daemon_.calls.size(), 1u);
  EXPECT_EQ(daemon_.calls[0]->submission.pool, 5u);
  EXPECT_EQ(daemon_.calls[0]->submission.method, Get::kMethod.id);
  EXPECT_EQ(daemon_.calls[0]->submission.parent, task.get());
  EXPECT_EQ(daemon_.calls[0]->submission.query.kind, static_cast<int>(QueryKind::hash));
  daemon_.answer(Text{"found"});
  EXPECT_EQ(task->reply<Text>()->text, "found for " + std::string(60, 'k') + " of 42");
}

TEST_F(ModuleTest, ErrorsOfCallsReachWhoAwaitsThem) {
  auto task = instance_->call(Fetch{"await", "k"});
  daemon_.fail({Code::deadline_exceeded, "too slow", "other/1"});
  EXPECT_EQ(task->reply<Text>().error().to_string(), "deadline_exceeded: too slow (in other/1)");
  auto damaged = instance_->call(Fetch{"await", "k"});
  Encoder rubbish;
  rubbish.u32(0xffffffff);
  daemon_.answer_with(rubbish);
  EXPECT_FALSE(damaged->reply<Text>().ok());
  auto silent = instance_->call(Fetch{"await", "k"});
  daemon_.answer_with(Encoder(), Code::unavailable);
  EXPECT_EQ(silent->reply<Text>().code(), Code::unavailable);
}

TEST_F(ModuleTest, AnExceptionAfterASuspensionIsAnErrorToo) {
  auto task = instance_->call(Fetch{"await and throw", "late"});
  daemon_.advance(1s);
  EXPECT_EQ(task->reply<Text>().error().text, "the handler threw: late");
}

TEST_F(ModuleTest, CallsAreUnderWayAtTheSameTime) {
  auto task = instance_->call(Fetch{"two", "k"});
  ASSERT_EQ(daemon_.calls.size(), 2u);
  EXPECT_EQ(daemon_.calls[0]->request<Get>().key, "k1");
  EXPECT_EQ(daemon_.calls[1]->request<Get>().key, "k2");
  EXPECT_EQ(daemon_.calls[1]->submission.deadline_ns, daemon_.now + 2'000'000'000);
  std::swap(daemon_.calls[0], daemon_.calls[1]);
  daemon_.answer(Text{"second"});
  EXPECT_FALSE(task->done);
  daemon_.answer(Text{"first"});
  daemon_.run();
  EXPECT_EQ(task->reply<Text>()->text, "firstsecond");
}

TEST_F(ModuleTest, AnUnknownPoolIsAnErrorWithItsName) {
  daemon_.pools.clear();
  auto reply = instance_->call(Fetch{"await", "k"})->reply<Text>();
  EXPECT_EQ(reply.code(), Code::not_found);
  EXPECT_NE(reply.error().text.find("'other'"), std::string::npos);
}

TEST_F(ModuleTest, AFireAndForgetCallHasNoCompletion) {
  EXPECT_TRUE(instance_->call(Start{"forget"})->done);
  ASSERT_EQ(daemon_.forgotten.size(), 1u);
  EXPECT_EQ(daemon_.forgotten[0]->submission.flags, CHI_FIRE_AND_FORGET);
  EXPECT_EQ(daemon_.forgotten[0]->request<Put>().value, "value");
  instance_->call(Start{"forget unknown"});
  ASSERT_EQ(daemon_.log.size(), 1u);
  EXPECT_NE(daemon_.log[0].find("'nobody'"), std::string::npos);
}

TEST_F(ModuleTest, ASpawnedCoroutineIsCountedUntilItsEnd) {
  EXPECT_TRUE(instance_->call(Start{"tick"})->done);
  EXPECT_EQ(daemon_.holds, 1);
  daemon_.advance(2ms);
  EXPECT_EQ(item("tick"), "..@1000");
  EXPECT_EQ(daemon_.holds, 1);
  daemon_.advance(1ms);
  EXPECT_EQ(item("tick"), "...@1000");
  EXPECT_EQ(item("ended"), "yes@1000");
  EXPECT_EQ(daemon_.holds, 0);
}

TEST_F(ModuleTest, WhatASpawnedCoroutineThrowsIsLogged) {
  instance_->call(Start{"throw"});
  ASSERT_EQ(daemon_.log.size(), 1u);
  EXPECT_NE(daemon_.log[0].find("inventory/2"), std::string::npos);
}

TEST_F(ModuleTest, WithoutMemoryForAFrameTheCallFailsAndNothingElse) {
  fake::Daemon::no_memory = true;
  auto task = instance_->call(Fetch{"at once", "x"});
  fake::Daemon::no_memory = false;
  EXPECT_EQ(task->code, Code::resource_exhausted);
  EXPECT_EQ(instance_->call(Fetch{"at once", "x"})->reply<Text>()->text, "x");
}

}  // namespace
}  // namespace chi
