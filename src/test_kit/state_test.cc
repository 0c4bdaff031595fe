// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// States out of containers and back, and the files that keep one of each version.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "chimaera/test_kit.h"
#include "test_kit/sample_modules.h"

namespace chi::test_kit::sample {
namespace {

// A shelf that forgets: its State is stored as another than it is.
struct Leaky {
  std::uint64_t value = 0;
};
struct Set {
  static constexpr Method kMethod{1, "set", Access::write};
  using Reply = Nothing;
  std::uint64_t value = 0;
};
struct Old {  // version 1 of ShelfState
  std::map<std::string, std::uint64_t> counts;
};
class OldShelf : public Container<Old> {
 public:
  Result<Put::Reply> on(const Put& put) { return Put::Reply{++state().counts[put.word]}; }
};
constexpr chi_module kOldShelf = detail::module_table<OldShelf, Put>("shelf", "0.9.0");

class Holder : public Container<Leaky> {
 public:
  Result<Nothing> on(const Set& set) {
    state().value = set.value;
    return Nothing{};
  }
};
chi_module leaky_module() {
  chi_module module = detail::module_table<Holder, Set>("leaky", "1.0.0");
  module.restore = [](void*, const chi_message*, std::uint32_t) -> std::int32_t { return 0; };
  return module;
}

class States : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "chimaera-golden-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (const char* word : {"pear", "apple", "plum", "apple"}) ASSERT_TRUE(shelf_.call<Put>(word).get().ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string text(const std::string& name) const { return read_file(folder_ + "/" + name, 1 << 20).value(); }
  void put(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }
  Status write_golden() const {
    ::setenv("CHIMAERA_WRITE_GOLDEN", "1", 1);
    Status written = shelf_.check_golden(folder_);
    ::unsetenv("CHIMAERA_WRITE_GOLDEN");
    return written;
  }

  const chi_module leaky_ = leaky_module();
  TestNode node_ = TestNode::start({.modules = {&kShelf, &leaky_}}).value();
  TestPool shelf_ = node_.create_pool("shelf", {.module = "shelf"}).value();
  std::string folder_;
};

TEST_F(States, GoFromOneContainerToAnother) {
  auto snapshot = shelf_.snapshot().value();
  EXPECT_EQ(snapshot.version, 2U);
  auto other = node_.create_pool("other", {.module = "shelf"}).value();
  ASSERT_TRUE(other.restore(snapshot).ok());
  EXPECT_EQ(other.call<Put>("apple").get().value().count, 3U);
  EXPECT_EQ(shelf_.call<Put>("apple").get().value().count, 3U);
  EXPECT_EQ(shelf_.snapshot(1).code(), Code::not_found);
  EXPECT_EQ(other.restore({0, snapshot.bytes}).code(), Code::failed_precondition);
  EXPECT_FALSE(other.restore({2, snapshot.bytes.substr(0, snapshot.bytes.size() - 1)}).ok());
  EXPECT_EQ(other.call<Put>("apple").get().value().count, 4U) << "what cannot be restored changed the state";
}

TEST_F(States, SurviveASnapshotOrNot) {
  EXPECT_TRUE(shelf_.check_snapshot().ok());
  auto leaky = node_.create_pool("leaky", {.module = "leaky"}).value();
  EXPECT_TRUE(leaky.check_snapshot().ok());
  ASSERT_TRUE(leaky.call<Set>(5U).get().ok());
  Status lost = leaky.check_snapshot();
  ASSERT_EQ(lost.code(), Code::failed_precondition);
  EXPECT_NE(lost.error().text.find("value: 0, not 5"), std::string::npos) << lost.error().text;
}

TEST_F(States, GoldenFileIsWrittenWhenAskedForAndComparedAfterwards) {
  Status missing = shelf_.check_golden(folder_);
  ASSERT_EQ(missing.code(), Code::failed_precondition);
  EXPECT_NE(missing.error().text.find("CHIMAERA_WRITE_GOLDEN=1"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  ASSERT_TRUE(write_golden().ok());
  const std::string written = text("shelf.state.v2");
  EXPECT_NE(written.find("\"apple\":2"), std::string::npos) << written;
  EXPECT_TRUE(shelf_.check_golden(folder_).ok());
  ASSERT_TRUE(shelf_.call<Put>("apple").get().ok());
  Status other = shelf_.check_golden(folder_);
  ASSERT_EQ(other.code(), Code::failed_precondition);
  EXPECT_NE(other.error().text.find("counts.apple: 3, not 2"), std::string::npos) << other.error().text;
  EXPECT_FALSE(write_golden().ok());
  EXPECT_EQ(text("shelf.state.v2"), written) << "a file that is there was written over";
}

TEST_F(States, OldVersionsMustStillBeRestored) {
  auto old_node = TestNode::start({.modules = {&kOldShelf}}).value();
  auto old_shelf = old_node.create_pool("shelf", {.module = "shelf"}).value();
  ASSERT_TRUE(old_shelf.call<Put>("quince").get().ok());
  ::setenv("CHIMAERA_WRITE_GOLDEN", "1", 1);
  ASSERT_TRUE(old_shelf.check_golden(folder_).ok());
  ::unsetenv("CHIMAERA_WRITE_GOLDEN");
  ASSERT_TRUE(write_golden().ok());
  EXPECT_TRUE(shelf_.check_golden(folder_).ok());
  auto old = TestPool::read_golden(folder_ + "/shelf.state.v1").value();
  ASSERT_TRUE(shelf_.restore(old).ok());
  EXPECT_EQ(shelf_.call<Put>("quince").get().value().count, 2U);
  EXPECT_FALSE(old_shelf.check_golden(folder_).ok()) << "version 2 is there, but the module has version 1";
}

TEST_F(States, GoldenFilesThatAreWrongAreRefused) {
  ASSERT_TRUE(write_golden().ok());
  const std::string good = text("shelf.state.v2");
  auto after = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    put("shelf.state.v2", bad);
    Status checked = shelf_.check_golden(folder_);
    return checked ? std::string() : checked.error().text;
  };
  EXPECT_NE(after("bytes: ", "bytes: x").find("hexadecimal"), std::string::npos);
  EXPECT_NE(after("version: 2", "version: 0").find("1 to 255"), std::string::npos);
  EXPECT_NE(after("module: ", "modul: ").find("no line `module: ...`"), std::string::npos);
  EXPECT_NE(after("schema: (", "schema: (more:u8,").find("version 3"), std::string::npos);
  EXPECT_FALSE(after("bytes: 0201", "bytes: 02ff").empty());
  put("shelf.state.v2", good);
  put("shelf.state.v1", good.substr(0, good.size() - 3) + "\n");
  EXPECT_NE(shelf_.check_golden(folder_).error().text.find("cannot be restored"), std::string::npos);
}

}  // namespace
}  // namespace chi::test_kit::sample
