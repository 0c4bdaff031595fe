// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The pid file's lock, between real processes, one of which is killed.
#include "cli/daemon_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

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
    EXPECT_EQ(daemon_pid(path_).value(), ::getpid());
    EXPECT_EQ(DaemonLock::acquire(path_).code(), Code::already_exists);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(daemon_pid(path_).code(), Code::not_found);
  EXPECT_TRUE(DaemonLock::acquire(path_).ok());
}

TEST_F(DaemonLockTest, AnotherProcessIsNamed) {
  const pid_t holder = start_holder();
  EXPECT_EQ(daemon_pid(path_).value(), holder);
  auto second = DaemonLock::acquire(path_);
  ASSERT_EQ(second.code(), Code::already_exists);
  EXPECT_NE(second.error().text.find(std::to_string(holder)), std::string::npos) << second.error().text;
  kill_holder(holder);
}

TEST_F(DaemonLockTest, AFileLeftByAKilledProcessIsTakenOver) {
  kill_holder(start_holder());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(daemon_pid(path_).code(), Code::not_found);
  auto lock = DaemonLock::acquire(path_);
  ASSERT_TRUE(lock.ok()) << lock.error().to_string();
  EXPECT_EQ(daemon_pid(path_).value(), ::getpid());
}

TEST_F(DaemonLockTest, AskingDoesNotKeepOthersFromStarting) {
  std::ofstream(path_) << "12345\n";
  EXPECT_EQ(daemon_pid(path_).code(), Code::not_found);
  EXPECT_TRUE(DaemonLock::acquire(path_).ok());
}

TEST_F(DaemonLockTest, NonsenseInTheFileIsNoPid) {
  auto lock = DaemonLock::acquire(path_);
  ASSERT_TRUE(lock.ok());
  for (const char* text : {"", "0\n", "-1\n", "99999999999999999999\n", "nonsense", "1 2\n"}) {
    std::ofstream(path_) << text;
    EXPECT_EQ(daemon_pid(path_).code(), Code::unavailable) << text;
  }
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
