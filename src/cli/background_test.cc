// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Starting a process in the background: ready, failed, dead and late.
#include "cli/background.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace chi::cli {
namespace {

class BackgroundTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "chimaera-background-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.log_file = folder_ + "/log";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string log() const {
    std::ifstream file(options_.log_file);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder_;
  BackgroundOptions options_;
};

TEST_F(BackgroundTest, ReturnsOnceTheProcessIsReady) {
  auto pid = run_in_background(options_, [](Readiness& readiness) {
    const bool apart = ::getsid(0) == ::getpid() && std::filesystem::current_path() == "/" && !::isatty(STDIN_FILENO);
    (void)!::write(STDERR_FILENO, "to the log", 10);
    readiness.ready();
    return apart ? 7 : 8;
  });
  ASSERT_TRUE(pid.ok()) << pid.error().to_string();
  int status = 0;
  ASSERT_EQ(::waitpid(*pid, &status, 0), *pid);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(log(), "to the log");
}

TEST_F(BackgroundTest, PassesTheErrorOn) {
  auto pid = run_in_background(options_, [](Readiness& readiness) {
    readiness.failed(Error{Code::already_exists, "two\nlines", {}});
    return 1;
  });
  ASSERT_EQ(pid.code(), Code::already_exists);
  EXPECT_EQ(pid.error().text, "two lines");
}

TEST_F(BackgroundTest, AnExceptionIsAnError) {
  auto pid = run_in_background(options_, [](Readiness&) -> int { throw std::runtime_error("thrown"); });
  ASSERT_EQ(pid.code(), Code::internal);
  EXPECT_EQ(pid.error().text, "thrown");
}

TEST_F(BackgroundTest, ADeathWithoutAWordNamesTheLog) {
  auto pid = run_in_background(options_, [](Readiness&) -> int { return ::raise(SIGKILL); });
  ASSERT_EQ(pid.code(), Code::internal);
  EXPECT_NE(pid.error().text.find("signal 9"), std::string::npos) << pid.error().text;
  EXPECT_NE(pid.error().text.find(options_.log_file), std::string::npos);
  auto left = run_in_background(options_, [](Readiness&) { return 3; });
  ASSERT_EQ(left.code(), Code::internal);
  EXPECT_NE(left.error().text.find("exit code 3"), std::string::npos) << left.error().text;
}

TEST_F(BackgroundTest, WhatEndsTheStarterEndsTheProcessThatComesUp) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const pid_t starter = ::fork();
    if (starter == 0) {
      ::signal(SIGINT, SIG_DFL);
      ::signal(SIGHUP, SIG_DFL);
      (void)run_in_background(options_, [&](Readiness&) -> int {
        std::ofstream(folder_ + "/pid.new") << ::getpid();
        std::filesystem::rename(folder_ + "/pid.new", folder_ + "/pid");
        sigset_t term;
        ::sigemptyset(&term);
        ::sigaddset(&term, SIGTERM);
        int came = 0;
        return ::sigwait(&term, &came);  // blocked to begin with, as it is for a daemon
      });
      ::_exit(0);
    }
    std::string child;
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
         child.empty() && std::chrono::steady_clock::now() < end;) {
      std::ifstream(folder_ + "/pid") >> child;
    }
    ASSERT_FALSE(child.empty());
    ::kill(starter, signal);
    int status = 0;
    ASSERT_EQ(::waitpid(starter, &status, 0), starter);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
    EXPECT_EQ(::kill(std::stoi(child), 0), -1) << "the process goes on";
    std::filesystem::remove(folder_ + "/pid");
  }
}

TEST_F(BackgroundTest, WhoIsReadyLearnsThatNobodyWaits) {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Readiness waited_for(UniqueFd(::dup(ends[1])));
  EXPECT_TRUE(waited_for.ready());
  Readiness alone{UniqueFd(ends[1])};
  ::close(ends[0]);
  EXPECT_FALSE(alone.ready());
  ::signal(SIGPIPE, SIG_DFL);
}

TEST_F(BackgroundTest, OneThatIsNeverReadyIsKilled) {
  options_.timeout = std::chrono::milliseconds(50);
  auto pid = run_in_background(options_, [](Readiness&) -> int {
    for (;;) ::pause();
  });
  EXPECT_EQ(pid.code(), Code::deadline_exceeded);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // no child is left
}

}  // namespace
}  // namespace chi::cli
