// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Copies of a small template; that the real one yields a module that works is test/author's to see.
#include "cli/module_new.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"

namespace chi::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class NewModule : public testing::Test {
 protected:
  NewModule() {
    std::string pattern = testing::TempDir() + "chi-new-XXXXXX";
    root_ = mkdtemp(pattern.data());
    write("from/include/TASK_NAME/TASK_NAME.h",
          "// Copyright (c) The Chimaera authors. SPDX\n//\n// What TASK_NAME is\n");
    write("from/src/TASK_NAME.cc", "namespace TASK_NAME {}  // namespace TASK_NAME\n");
    write("from/test/state.bin", std::string("TASK_NAME\0", 10));
    write("from/build/left", "behind");
    fs::create_directory(root_ / "to");
  }
  ~NewModule() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file, std::ios::binary) << text;
  }
  std::string text(const fs::path& file) const {
    return read_file((root_ / file).string(), 1 << 20).value_or("(none)");
  }
  Result<std::string> make(const std::string& name) const {
    return make_module((root_ / "from").string(), (root_ / "to").string(), name);
  }
  bool left_nothing() const { return fs::is_empty(root_ / "to"); }

  fs::path root_;
};

TEST_F(NewModule, ReplacesTheWordInNamesAndContents) {
  const auto made = make("word_count");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(*made, (root_ / "to/word_count").string());
  EXPECT_EQ(text("to/word_count/include/word_count/word_count.h"), "// What word_count is\n");
  EXPECT_EQ(text("to/word_count/src/word_count.cc"), "namespace word_count {}  // namespace word_count\n");
  EXPECT_EQ(text("to/word_count/test/state.bin"), std::string("TASK_NAME\0", 10)) << "these bytes are no text";
  EXPECT_FALSE(fs::exists(root_ / "to/word_count/build"));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "to"), {}), 1) << "and nothing beside it";
}

TEST_F(NewModule, RefusesWhatIsThere) {
  write("to/word_count", "a file");
  EXPECT_EQ(make("word_count").code(), Code::already_exists);
  EXPECT_EQ(text("to/word_count"), "a file");
  fs::remove(root_ / "to/word_count");
  fs::create_directory(root_ / "to/word_count");
  EXPECT_EQ(make("word_count").code(), Code::already_exists);
  EXPECT_TRUE(fs::is_empty(root_ / "to/word_count"));
  fs::remove(root_ / "to/word_count");
  fs::create_symlink("nowhere", root_ / "to/word_count");
  EXPECT_EQ(make("word_count").code(), Code::already_exists);
}

TEST_F(NewModule, LeavesNothingHalfMade) {
  EXPECT_EQ(make("no-name").code(), Code::invalid_argument);
  EXPECT_EQ(make_module((root_ / "from").string(), (root_ / "missing").string(), "a").code(), Code::not_found);
  EXPECT_THAT(make_module("", (root_ / "to").string(), "a").error().text, HasSubstr("make install"));
  EXPECT_FALSE(make_module((root_ / "missing").string(), (root_ / "to").string(), "a"));
  write("from/zz_large", std::string(2 << 20, 'x'));
  EXPECT_FALSE(make("a")) << "a file that is too large, after others were copied";
  EXPECT_TRUE(left_nothing());
}

}  // namespace
}  // namespace chi::cli
