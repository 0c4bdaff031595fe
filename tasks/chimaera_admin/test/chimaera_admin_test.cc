// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The built library behind the C boundary: who may ask for what, and that the runtime is asked for it.
#include <chimaera/admin.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "coro/fake_daemon.h"

namespace chi::admin {
namespace {

class AdminTest : public ::testing::Test {
 protected:
  void SetUp() override {
    library_ = dlopen(ADMIN_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << dlerror();
    table_ = static_cast<const chi_module*>(dlsym(library_, CHI_MODULE_SYMBOL));
    ASSERT_NE(table_, nullptr);
    instance_ = std::make_unique<fake::Instance>(daemon_, *table_);
    ASSERT_TRUE(instance_->created());
  }
  void TearDown() override {
    daemon_.run();
    instance_.reset();
    EXPECT_EQ(fake::Daemon::blocks, 0);
    if (library_) dlclose(library_);
  }

  // What a caller of this uid gets at once: ok when the request went on to the runtime.
  template <class Req>
  Code outcome(std::uint32_t uid, const Req& request = {}) {
    auto task = instance_->call(request, uid);
    if (task->done) return task->code;
    EXPECT_EQ(daemon_.calls.at(0)->submission.method, Req::kMethod.id);
    EXPECT_EQ(daemon_.calls.at(0)->submission.parent, task.get());
    daemon_.fail({Code::aborted, "enough", {}});
    EXPECT_EQ(task->code, Code::aborted);
    return Code::ok;
  }

  const std::uint32_t own_ = geteuid();
  const std::uint32_t other_ = own_ + 1000;
  void* library_ = nullptr;
  const chi_module* table_ = nullptr;
  fake::Daemon daemon_;
  std::unique_ptr<fake::Instance> instance_;
};

TEST_F(AdminTest, TheTableBearsTheManifestsNameAndVersion) {
  EXPECT_STREQ(table_->name, "chimaera_admin");
  EXPECT_STREQ(table_->version, "0.1.0");
  EXPECT_EQ(table_->method_count, 19u);
}

TEST_F(AdminTest, AnyoneMayReadAndCreateAndDestroyTheirOwn) {
  EXPECT_EQ(outcome<PoolList>(other_), Code::ok);
  EXPECT_EQ(outcome<PoolDescribe>(other_), Code::ok);
  EXPECT_EQ(outcome<PoolFind>(other_), Code::ok);
  EXPECT_EQ(outcome<ModuleList>(other_), Code::ok);
  EXPECT_EQ(outcome<ModuleDescribe>(other_), Code::ok);
  EXPECT_EQ(outcome<GetStatus>(other_), Code::ok);
  EXPECT_EQ(outcome<Methods>(other_), Code::ok);
  EXPECT_EQ(outcome<WorchShow>(other_), Code::ok);
  EXPECT_EQ(outcome<Lanes>(other_), Code::ok);
  EXPECT_EQ(outcome<PoolCreate>(other_), Code::ok);
  EXPECT_EQ(outcome<PoolDestroy>(other_), Code::ok);
}

TEST_F(AdminTest, ChangingTheDaemonIsForItsUserAndRoot) {
  EXPECT_EQ(outcome<Stop>(other_), Code::permission_denied);
  EXPECT_EQ(outcome<ModuleLoad>(other_), Code::permission_denied);
  EXPECT_EQ(outcome<WorkersSet>(other_), Code::permission_denied);
  EXPECT_EQ(outcome<WorchSet>(other_), Code::permission_denied);
  EXPECT_EQ(outcome<WorchRun>(other_), Code::permission_denied);
  EXPECT_EQ(outcome<TraceStart>(other_), Code::permission_denied);
  EXPECT_EQ(outcome<TraceStop>(other_), Code::permission_denied);
  EXPECT_EQ(outcome<TraceRead>(other_), Code::permission_denied);
  EXPECT_TRUE(daemon_.calls.empty());
  for (std::uint32_t uid : {own_, 0u}) {
    EXPECT_EQ(outcome<Stop>(uid), Code::ok);
    EXPECT_EQ(outcome<ModuleLoad>(uid), Code::ok);
    EXPECT_EQ(outcome<WorkersSet>(uid), Code::ok);
    EXPECT_EQ(outcome<WorchSet>(uid), Code::ok);
    EXPECT_EQ(outcome<WorchRun>(uid), Code::ok);
    EXPECT_EQ(outcome<TraceStart>(uid), Code::ok);
    EXPECT_EQ(outcome<TraceStop>(uid), Code::ok);
    EXPECT_EQ(outcome<TraceRead>(uid), Code::ok);
  }
}

TEST_F(AdminTest, TheRefusalNamesBothUids) {
  auto refused = instance_->call(Stop{}, other_)->reply<Nothing>();
  EXPECT_NE(refused.error().text.find("'stop'"), std::string::npos);
  EXPECT_NE(refused.error().text.find(std::to_string(other_)), std::string::npos);
}

TEST_F(AdminTest, RequestAndReplyPassUnchanged) {
  PoolCreate create;
  create.name = "inventory";
  create.containers = 8;
  create.config = Bytes(std::string(300, 'c'));
  auto task = instance_->call(create, other_);
  auto passed = daemon_.calls.at(0)->request<PoolCreate>();
  EXPECT_EQ(passed.name, "inventory");
  EXPECT_EQ(passed.containers, 8u);
  EXPECT_EQ(passed.config, create.config);
  PoolInfo info;
  info.id = 17;
  info.name = "inventory";
  info.module_version = "3.2.1";
  daemon_.answer(info);
  auto reply = task->reply<PoolInfo>();
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->id, 17u);
  EXPECT_EQ(reply->module_version, "3.2.1");
}

TEST_F(AdminTest, TheRuntimesErrorIsTheCallers) {
  auto task = instance_->call(PoolFind{"nobody"}, other_);
  daemon_.fail({Code::not_found, "no pool named 'nobody'", "node 1"});
  EXPECT_EQ(task->reply<PoolInfo>().error().to_string(), "not_found: no pool named 'nobody' (in node 1)");
}

}  // namespace
}  // namespace chi::admin
