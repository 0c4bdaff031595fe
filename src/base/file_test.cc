// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reading files that may be anything.
#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace chi {
namespace {

using testing::HasSubstr;

class ReadFile : public testing::Test {
 protected:
  ReadFile() {
    std::string pattern = testing::TempDir() + "chi-file-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ReadFile() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return folder_ + "/" + name; }

  std::string folder_;
};

TEST_F(ReadFile, GivesAllBytes) {
  std::string content(100'000, 'x');
  content += std::string("\0\n", 2);
  std::ofstream(path("f"), std::ios::binary) << content;
  auto read = read_file(path("f"), 1 << 20);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, content);
}

TEST_F(ReadFile, KeepsTheLimit) {
  std::ofstream(path("f")) << "12345";
  EXPECT_EQ(*read_file(path("f"), 5), "12345");
  auto read = read_file(path("f"), 4);
  ASSERT_EQ(read.code(), Code::invalid_argument);
  EXPECT_THAT(read.error().text, HasSubstr("limit of 4 bytes"));
}

TEST_F(ReadFile, KeepsTheLimitOfFilesWithoutASize) {
  EXPECT_EQ(read_file("/proc/self/maps", 10).code(), Code::invalid_argument);
  EXPECT_TRUE(read_file("/proc/self/status", 1 << 20));
}

TEST_F(ReadFile, SaysWhatIsWrong) {
  auto missing = read_file(path("no"), 10);
  EXPECT_EQ(missing.code(), Code::not_found);
  EXPECT_THAT(missing.error().text, HasSubstr(path("no")));
  EXPECT_THAT(missing.error().text, HasSubstr("No such file"));
  EXPECT_EQ(read_file(folder_, 10).code(), Code::invalid_argument);
  EXPECT_EQ(read_file(std::string("/etc/passwd\0x", 13), 1 << 20).code(), Code::invalid_argument);
}

TEST_F(ReadFile, AFileIsReplacedAsAWhole) {
  ASSERT_TRUE(replace_file(path("f"), "first", 0640));
  std::ifstream reader(path("f"));
  ASSERT_TRUE(replace_file(path("f"), std::string(100'000, 'x'), 0600));
  std::string old;
  reader >> old;
  EXPECT_EQ(old, "first") << "whoever has it open sees the old one";
  EXPECT_EQ(*read_file(path("f"), 1 << 20), std::string(100'000, 'x'));
  struct stat info{};
  ASSERT_EQ(::stat(path("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(ReadFile, AFailedReplacementLeavesNothing) {
  EXPECT_EQ(replace_file(path("no/f"), "x", 0600).code(), Code::not_found);
  std::filesystem::create_directory(path("folder"));
  EXPECT_FALSE(replace_file(path("folder"), "x", 0600));
  std::filesystem::remove(path("folder"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ReadFile, DoesNotWaitForSomeoneToWriteToAFifo) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(path("fifo"), 10).code(), Code::invalid_argument);
}

}  // namespace
}  // namespace chi
