// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node inside this program: started, asked, ended.
#include "chimaera/runtime.h"

#include <chimaera/admin.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

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

// A batch system's limit. The program has not touched what SIGXFSZ does, which is to end it.
TEST(Runtime, LivesUnderALimitOfFileSizes) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit low{5 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  {
    auto runtime = Runtime::start(options()).value();
    auto client = runtime.connect().value();
    EXPECT_TRUE(client.allocate_buffer(1 << 20).ok());
    auto refused = client.allocate_buffer(64 << 20);
    EXPECT_EQ(refused.code(), Code::resource_exhausted);
    EXPECT_NE(refused.error().text.find("ulimit -f"), std::string::npos) << refused.error().text;
    EXPECT_EQ(client.admin().call<admin::GetStatus>().get().value().sessions.size(), 1U);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
}

// The program's handlers run on its own threads only, and what it does about signals is left as it is.
TEST(Runtime, LeavesSignalsToTheProgram) {
  auto runtime = Runtime::start(options()).value();
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGUSR1, SIGTERM, SIGHUP}) {
    struct sigaction now{};
    ASSERT_EQ(::sigaction(signal, nullptr, &now), 0);
    EXPECT_EQ(now.sa_handler, SIG_DFL) << signal;
  }
  int threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    std::uint64_t blocked = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("SigBlk:")) blocked = std::stoull(line.substr(7), nullptr, 16);
    }
    const bool own = task.path().filename() == std::to_string(::getpid());
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGALRM, SIGXFSZ, SIGCHLD}) {
      EXPECT_EQ((blocked >> (signal - 1) & 1) != 0, !own) << "thread " << task.path() << ", signal " << signal;
    }
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT}) EXPECT_EQ(blocked >> (signal - 1) & 1, 0U) << signal;
    threads += own ? 0 : 1;
  }
  EXPECT_GE(threads, 4);  // two workers, the monitor, sessions, administration
}

}  // namespace
}  // namespace chi
