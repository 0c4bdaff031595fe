// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/partial_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"

namespace chi::cli {
namespace {

namespace fs = std::filesystem;

class PartialFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string made = fs::temp_directory_path() / "chi-XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::size_t files() const { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); }

  fs::path folder_;
};

TEST_F(PartialFileTest, IsThereWhenItIsWholeAndForItsUserAlone) {
  const std::string path = folder_ / "out";
  ASSERT_TRUE(replace_file(path, "old", 0644).ok());
  {
    auto file = PartialFile::create(path).value();
    ASSERT_TRUE(file.write("one ").ok());
    EXPECT_EQ(read_file(path, 100).value(), "old");
    ASSERT_TRUE(file.write("two").ok());
    ASSERT_TRUE(file.finish().ok());
  }
  EXPECT_EQ(read_file(path, 100).value(), "one two");
  struct stat now{};
  ASSERT_EQ(::stat(path.c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 0777U, 0600U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(PartialFileTest, LeavesNothingWhenItIsNotFinished) {
  {
    ASSERT_TRUE(PartialFile::create(folder_ / "out").value().write("half").ok());
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(PartialFileTest, OnceAbandonedNothingIsLeftAndWhatWasThereStays) {
  const std::string path = folder_ / "out";
  ASSERT_TRUE(replace_file(path, "old", 0600).ok());
  auto file = PartialFile::create(path).value();
  ASSERT_TRUE(file.write("half").ok());
  file.abandon();
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(file.finish().code(), Code::not_found);
  EXPECT_EQ(read_file(path, 100).value(), "old");
}

TEST_F(PartialFileTest, RefusesWhatIsNoFileAndWhereNoneCanBe) {
  EXPECT_EQ(PartialFile::create(folder_).code(), Code::invalid_argument);
  EXPECT_EQ(PartialFile::create(folder_ / "nowhere" / "out").code(), Code::not_found);
  fs::create_symlink("elsewhere", folder_ / "link");
  EXPECT_EQ(PartialFile::create(folder_ / "link").code(), Code::invalid_argument);
}

}  // namespace
}  // namespace chi::cli
