// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node inside this program: started, asked, ended.
#include "chimaera/runtime.h"

#include <chimaera/admin.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace chi {
namespace {

RuntimeOptions options() { return {.workers = 2, .module_paths = {CHI_TEST_MODULES}}; }

TEST(Runtime, AnswersForItself) {
  auto runtime = Runtime::start(options()).value();
  auto client = runtime.connect().value();
  auto status = client.admin().call<admin::GetStatus>().get().value();
  EXPECT_EQ(status.pid, static_cast<std::uint32_t>(::getpid()));
  ASSERT_EQ(status.workers.size(), 2U);
  ASSERT_EQ(status.sessions.size(), 1U);
  ASSERT_EQ(status.pools.size(), 2U);
  EXPECT_EQ(status.pools[0].name, "admin");
  EXPECT_EQ(status.pools[1].name, "worch_queue_least_loaded");
}

TEST(Runtime, RefusesWhatItDoesNotKnow) {
  auto runtime = Runtime::start(options()).value();
  auto client = runtime.connect().value();
  EXPECT_EQ(client.pool("nowhere").info().code(), Code::not_found);
  EXPECT_EQ(client.create_pool("p", {.module = "nothing_of_the_kind"}).code(), Code::not_found);
  EXPECT_EQ(client.destroy_pool("admin").code(), Code::failed_precondition);
}

TEST(Runtime, SaysWhatIsWrongWithTheConfiguration) {
  RuntimeOptions wrong = options();
  wrong.config = "runtime:\n  spinn: 1us\n";
  auto runtime = Runtime::start(wrong);
  ASSERT_FALSE(runtime.ok());
  EXPECT_EQ(runtime.code(), Code::invalid_argument);
  EXPECT_NE(runtime.error().text.find(":2"), std::string::npos) << runtime.error().text;
}

}  // namespace
}  // namespace chi
