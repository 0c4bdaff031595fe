// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Files of this user's, of another's, and where others may write.
#include "base/trust.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace chi {
namespace {

namespace fs = std::filesystem;

class TrustTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "chi-trust-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    ASSERT_EQ(::mkdir((base_ + "/a").c_str(), 0755), 0);
    file_ = base_ + "/a/file";
    std::ofstream(file_) << "text";
    ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  }
  void TearDown() override { fs::remove_all(base_); }

  Code code(const std::string& path) const { return read_trusted_file(path, 100).code(); }
  std::string why(const std::string& path) const { return read_trusted_file(path, 100).error().text; }

  std::string base_, file_;
};

TEST_F(TrustTest, OnesOwnIsRead) {
  EXPECT_EQ(read_trusted_file(file_, 100).value(), "text");
  EXPECT_EQ(read_trusted_file(base_ + "/./a/../a//file", 100).value(), "text");
  fs::create_symlink("a/file", base_ + "/relative");
  fs::create_symlink(base_ + "/a", base_ + "/absolute");
  EXPECT_EQ(read_trusted_file(base_ + "/relative", 100).value(), "text");
  EXPECT_EQ(read_trusted_file(base_ + "/absolute/file", 100).value(), "text");
  EXPECT_EQ(code(base_ + "/a/none"), Code::not_found);
  EXPECT_EQ(code(file_ + "/below"), Code::not_found);
  EXPECT_EQ(code(base_ + "/a"), Code::invalid_argument);
  EXPECT_EQ(code(""), Code::invalid_argument);
  fs::create_symlink("loop", base_ + "/loop");
  EXPECT_NE(code(base_ + "/loop"), Code::ok);
}

TEST_F(TrustTest, WhereOthersMayWriteIsRefused) {
  for (const mode_t mode : {0664, 0646, 0666}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    EXPECT_EQ(code(file_), Code::permission_denied) << std::oct << mode;
    EXPECT_NE(why(file_).find("chmod go-w"), std::string::npos) << why(file_);
  }
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  ASSERT_EQ(::chmod((base_ + "/a").c_str(), 0777), 0);
  EXPECT_EQ(code(file_), Code::permission_denied);
  EXPECT_NE(why(file_).find(base_ + "/a'"), std::string::npos) << why(file_);
  fs::create_symlink("a/file", base_ + "/link");
  EXPECT_EQ(code(base_ + "/link"), Code::permission_denied);
  ASSERT_EQ(::chmod((base_ + "/a").c_str(), 01777), 0);  // as /tmp: what is ours there stays so
  EXPECT_EQ(code(file_), Code::ok);
}

TEST_F(TrustTest, AnotherUsersIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  constexpr uid_t kOther = 12345;
  ASSERT_EQ(::chown(file_.c_str(), kOther, kOther), 0);
  EXPECT_EQ(code(file_), Code::permission_denied);
  EXPECT_NE(why(file_).find("uid 12345"), std::string::npos);
  ASSERT_EQ(::chown(file_.c_str(), 0, 0), 0);
  ASSERT_EQ(::chown((base_ + "/a").c_str(), kOther, kOther), 0);
  EXPECT_EQ(code(file_), Code::permission_denied);
  EXPECT_TRUE(open_trusted(base_ + "/a", O_PATH | O_DIRECTORY, Trusted::also(kOther)).ok());
  // In a folder for everybody another user's folder may be anybody's: whoever came first.
  ASSERT_EQ(::chmod(base_.c_str(), 01777), 0);
  EXPECT_EQ(open_trusted(base_ + "/a", O_PATH | O_DIRECTORY, Trusted::also(kOther)).code(), Code::permission_denied);
  ASSERT_EQ(::chown((base_ + "/a").c_str(), 0, 0), 0);
  ASSERT_EQ(::lchown(file_.c_str(), 0, 0), 0);
  fs::create_symlink("a/file", base_ + "/link");
  EXPECT_EQ(code(base_ + "/link"), Code::ok);
  ASSERT_EQ(::lchown((base_ + "/link").c_str(), kOther, kOther), 0);
  EXPECT_EQ(code(base_ + "/link"), Code::permission_denied);
}

}  // namespace
}  // namespace chi
