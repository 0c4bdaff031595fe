// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node inside this program: started, asked, ended.
#include "chimaera/runtime.h"

#include <chimaera/admin.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
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

constexpr std::uint64_t bit(int signal) { return std::uint64_t{1} << (signal - 1); }
constexpr std::uint64_t kFaults = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGABRT);
constexpr std::uint64_t kWishes =
    bit(SIGTERM) | bit(SIGINT) | bit(SIGUSR1) | bit(SIGALRM) | bit(SIGXFSZ) | bit(SIGCHLD);

std::uint64_t blocked_in(const std::filesystem::path& status) {
  std::ifstream file(status);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
  }
  return 0;
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
    const bool own = task.path().filename() == std::to_string(::getpid());
    std::uint64_t blocked = blocked_in(task.path() / "status");
    // All are, in a thread that is just being started, and in those that the kernel has for an io_uring.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while ((blocked & kFaults) != 0 && std::chrono::steady_clock::now() < end) {
      blocked = blocked_in(task.path() / "status");
    }
    if ((blocked & kFaults) == kFaults && std::filesystem::exists(task.path())) continue;
    EXPECT_EQ(blocked & kFaults, 0U) << task.path();
    EXPECT_EQ(blocked & kWishes, own ? 0U : kWishes) << task.path();
    threads += own ? 0 : 1;
  }
  EXPECT_GE(threads, 4);  // two workers, the monitor, sessions, administration
}

}  // namespace
}  // namespace chi
