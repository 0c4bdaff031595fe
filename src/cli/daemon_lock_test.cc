// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The pid file's lock, between real processes, one of which is killed.
#include "cli/daemon_lock.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace chi::cli {
namespace {

class DaemonLockTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "chimaera-lock-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/a.pid";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A process that holds the lock until it is killed.
  pid_t start_holder() {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto lock = DaemonLock::acquire(path_);
      const char answer = lock.ok() ? 'y' : 'n';
      (void)!::write(ready[1], &answer, 1);
      for (;;) ::pause();
    }
    char answer = 0;
    EXPECT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
    return pid;
  }
  // What a process that does not hold the lock is told: the pid, or the code of the error.
  std::pair<pid_t, Code> asked_by_another() {
    int answer[2];
    EXPECT_EQ(::pipe(answer), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto found = find_daemon(path_);
      const std::pair<pid_t, Code> told(found.ok() ? found->pid() : 0, found.code());
      (void)!::write(answer[1], &told, sizeof told);
      ::_exit(0);
    }
    std::pair<pid_t, Code> told;
    EXPECT_EQ(::read(answer[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    ::close(answer[0]);
    ::close(answer[1]);
    return told;
  }
  static void kill_holder(pid_t pid) {
    ::kill(pid, SIGKILL);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  }

  std::string folder_, path_;
};

TEST_F(DaemonLockTest, HoldsUntilItIsDestroyedAndLeavesNoFile) {
  {
    auto lock = DaemonLock::acquire(path_);
    ASSERT_TRUE(lock.ok()) << lock.error().to_string();
    EXPECT_EQ(asked_by_another().first, ::getpid());
    EXPECT_EQ(DaemonLock::acquire(path_).code(), Code::already_exists);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(asked_by_another().second, Code::not_found);
  EXPECT_TRUE(DaemonLock::acquire(path_).ok());
}

TEST_F(DaemonLockTest, AnotherProcessIsNamed) {
  const pid_t holder = start_holder();
  EXPECT_EQ(asked_by_another().first, holder);
  auto second = DaemonLock::acquire(path_);
  ASSERT_EQ(second.code(), Code::already_exists);
  EXPECT_NE(second.error().text.find(std::to_string(holder)), std::string::npos) << second.error().text;
  kill_holder(holder);
}

TEST_F(DaemonLockTest, AFileLeftByAKilledProcessIsTakenOver) {
  kill_holder(start_holder());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(asked_by_another().second, Code::not_found);
  auto lock = DaemonLock::acquire(path_);
  ASSERT_TRUE(lock.ok()) << lock.error().to_string();
  EXPECT_EQ(asked_by_another().first, ::getpid());
}

TEST_F(DaemonLockTest, AskingDoesNotKeepOthersFromStarting) {
  std::ofstream(path_) << "12345\n";
  EXPECT_EQ(asked_by_another().second, Code::not_found);
  EXPECT_TRUE(DaemonLock::acquire(path_).ok());
}

// Process 1 among it, and this test's parent: who holds the lock is the kernel's to say.
TEST_F(DaemonLockTest, WhatTheFileSaysDoesNotMatter) {
  const pid_t holder = start_holder();
  for (const std::string& text :
       {std::string(), std::string("0\n"), std::string("-1\n"), std::string("1\n"),
        std::string("99999999999999999999\n"), std::string("nonsense"), std::to_string(::getppid()) + "\n"}) {
    std::ofstream(path_) << text;
    EXPECT_EQ(asked_by_another().first, holder) << text;
    auto second = DaemonLock::acquire(path_);
    ASSERT_EQ(second.code(), Code::already_exists);
    EXPECT_NE(second.error().text.find(std::to_string(holder)), std::string::npos) << second.error().text;
  }
  kill_holder(holder);
}

// A daemon in a container whose runtime folder is the machine's, say.
TEST_F(DaemonLockTest, AHolderInAnotherPidNamespaceIsNoProcessOfThisOne) {
  const pid_t holder = start_holder();
  const pid_t other = ::fork();
  if (other == 0) {
    // The child of this one is the first process of a pid namespace, in which the holder has no number.
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(2);
    const pid_t inside = ::fork();
    if (inside == 0) {
      const auto found = find_daemon(path_);
      const auto second = DaemonLock::acquire(path_);
      const bool right = found.code() == Code::failed_precondition && second.code() == Code::already_exists &&
                         second.error().text.find("namespace") != std::string::npos;
      ::_exit(right ? 0 : 1);
    }
    int status = 0;
    ::waitpid(inside, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  kill_holder(holder);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no pid namespace can be made here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(DaemonLockTest, ErrorsNameThePath) {
  auto lock = DaemonLock::acquire(folder_ + "/missing/a.pid");
  ASSERT_EQ(lock.code(), Code::not_found);
  EXPECT_NE(lock.error().text.find("missing/a.pid"), std::string::npos);
  std::filesystem::create_symlink("/nonexistent/elsewhere", path_);
  EXPECT_FALSE(DaemonLock::acquire(path_).ok());
}

}  // namespace
}  // namespace chi::cli
