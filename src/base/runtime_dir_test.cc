// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "base/runtime_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace chi {
namespace {

class RuntimeDirTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/chimaera-test-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    base_ = folder;
    ::setenv("XDG_RUNTIME_DIR", folder, 1);
  }
  void TearDown() override { std::filesystem::remove_all(base_); }
  std::string base_;
};

TEST_F(RuntimeDirTest, IsMadePrivate) {
  EXPECT_EQ(runtime_dir(false).code(), Code::not_found);
  auto made = runtime_dir(true);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(*made, base_ + "/chimaera");
  struct stat info{};
  ASSERT_EQ(::stat(made->c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
  EXPECT_EQ(runtime_file("default", "sock", false).value(), *made + "/default.sock");
}

TEST_F(RuntimeDirTest, AFolderThatOthersReachIsRefused) {
  ASSERT_EQ(::mkdir((base_ + "/chimaera").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((base_ + "/chimaera").c_str(), 0750), 0);
  auto dir = runtime_dir(true);
  EXPECT_EQ(dir.code(), Code::permission_denied);
  EXPECT_NE(dir.error().text.find("chmod 0700"), std::string::npos);
}

TEST_F(RuntimeDirTest, ALinkIsRefused) {
  ASSERT_EQ(::mkdir((base_ + "/elsewhere").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("elsewhere", (base_ + "/chimaera").c_str()), 0);
  EXPECT_EQ(runtime_dir(true).code(), Code::permission_denied);
}

TEST_F(RuntimeDirTest, AFolderOfSomebodyElseIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  ASSERT_EQ(::mkdir((base_ + "/chimaera").c_str(), 0700), 0);
  ASSERT_EQ(::chown((base_ + "/chimaera").c_str(), 12345, 12345), 0);
  EXPECT_EQ(runtime_dir(true).code(), Code::permission_denied);
}

TEST_F(RuntimeDirTest, NamesThatCouldLeaveTheFolderAreRefused) {
  for (const char* name : {"", ".", "..", "../x", "a/b", "a b", ".hidden"}) {
    EXPECT_EQ(runtime_file(name, "sock", true).code(), Code::invalid_argument) << name;
  }
  EXPECT_EQ(runtime_file(std::string(65, 'a'), "sock", true).code(), Code::invalid_argument);
  EXPECT_TRUE(runtime_file(std::string(64, 'a'), "sock", true).ok());
}

TEST_F(RuntimeDirTest, PathsThatDoNotFitAreRefused) {
  EXPECT_TRUE(socket_address(std::string(107, 'x')).ok());
  auto refused = socket_address(std::string(108, 'x'));
  EXPECT_EQ(refused.code(), Code::invalid_argument);
  EXPECT_NE(refused.error().text.find("108"), std::string::npos);
  EXPECT_EQ(socket_address("").code(), Code::invalid_argument);
}

}  // namespace
}  // namespace chi
