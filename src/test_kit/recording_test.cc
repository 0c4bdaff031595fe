// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls that are noted, written to a file, and made again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "chimaera/test_kit.h"
#include "test_kit/sample_modules.h"

namespace chi::test_kit::sample {
namespace {

using namespace std::chrono_literals;

class Recorded : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "chimaera-stream-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ + "/stream";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static TestNode start() {
    auto node = TestNode::start({.modules = {&kShelf, &kClerk}}).value();
    EXPECT_TRUE(node.create_pool("shelf", {.module = "shelf", .containers = 2}).ok());
    EXPECT_TRUE(node.create_pool("clerk", {.module = "clerk"}).ok());
    return node;
  }
  // Calls of all kinds, some at the same time.
  void record() const {
    auto node = start();
    node.record();
    auto shelf = node.pool("shelf");
    auto clerk = node.pool("clerk");
    (void)shelf.call<Put>("apple").get();
    auto slow = clerk.call<Wait>(std::chrono::nanoseconds(2s).count());
    (void)clerk.call<Store>("apple").get();
    node.advance(3s);
    (void)shelf.call<Size>().get();
    (void)shelf.gather<Put>("pear").get();
    (void)clerk.with_deadline(1ms).call<Wait>(std::chrono::nanoseconds(2s).count());
    (void)shelf.as(1, 1).with_priority(Priority::high_throughput).call<Put>(std::string("\xff\0", 2)).get();
    ASSERT_TRUE(node.save_recording(path_).ok());
  }
  std::string text() const { return read_file(path_, 1 << 20).value(); }
  void put(const std::string& text) const { std::ofstream(path_) << text; }
  std::string replayed() const {
    Status replayed = start().replay(path_);
    return replayed ? std::string() : replayed.error().text;
  }
  std::string replayed_after(const std::string& from, const std::string& to) const {
    std::string changed = text();
    const std::size_t at = changed.find(from);
    if (at == std::string::npos) return "not there: " + from;
    put(changed.replace(at, from.size(), to));
    return replayed();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(Recorded, IsReadableAndIsTheSameAgain) {
  record();
  const std::string lines = text();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 7);
  EXPECT_NE(lines.find(R"("method":"store","query":"container:0","request":{"word":"apple"},)"
                       R"("code":"ok","reply":{"count":2,"attempts":1}})"),
            std::string::npos)
      << lines;
  EXPECT_NE(lines.find("\"deadline_exceeded\""), std::string::npos);
  EXPECT_NE(lines.find("\"permission_denied\""), std::string::npos);
  EXPECT_EQ(replayed(), "");
}

TEST_F(Recorded, ShowsWhatIsDifferent) {
  record();
  const std::string found = replayed_after(R"("count":2,"attempts":1)", R"("count":9,"attempts":1)");
  EXPECT_NE(found.find("1 of the 7 calls"), std::string::npos) << found;
  EXPECT_NE(found.find(R"(call 3, clerk.store {"word":"apple"}: answered)"), std::string::npos) << found;
  EXPECT_NE(found.find(R"("count":2)"), std::string::npos) << found;
}

TEST_F(Recorded, OtherErrorsMatterButNotTheirText) {
  record();
  EXPECT_EQ(replayed_after("\"text\":\"", "\"text\":\"Once upon a time "), "");
  EXPECT_NE(replayed_after("\"deadline_exceeded\"", "\"cancelled\""), "");
}

TEST_F(Recorded, FieldsThatWereAppendedSinceMakeNoDifference) {
  record();
  EXPECT_EQ(replayed_after(R"("count":2,"attempts":1)", R"("count":2)"), "");
  EXPECT_EQ(replayed_after(R"("request":{"word":"apple"})", R"("request":{})").find("otherwise") != std::string::npos,
            true);
}

TEST_F(Recorded, BadFilesAreRefusedWithTheLine) {
  record();
  const std::string good = text();
  auto first_line = [&](const std::string& line) {
    put(line + "\n" + good);
    return replayed();
  };
  EXPECT_NE(first_line("{").find(":1: this is no JSON"), std::string::npos);
  EXPECT_NE(first_line("[1]").find(":1: is no JSON object"), std::string::npos);
  EXPECT_NE(first_line("{}").find("needs a text 'pool'"), std::string::npos);
  const std::string call =
      R"({"at_ns":0,"pool":"shelf","method":"put","query":"any","request":{"word":1},"code":"ok"})";
  EXPECT_NE(first_line(call).find("word"), std::string::npos);
  const std::string method = R"({"at_ns":0,"pool":"shelf","method":"putt","query":"any","request":{},"code":"ok"})";
  EXPECT_NE(first_line(method).find("did you mean 'put'?"), std::string::npos);
  const std::string query = R"({"at_ns":0,"pool":"shelf","method":"put","query":"most","request":{},"code":"ok"})";
  EXPECT_NE(first_line(query).find("container:3"), std::string::npos);
  const std::string pool = R"({"at_ns":0,"pool":"self","method":"put","query":"any","request":{},"code":"ok"})";
  EXPECT_NE(first_line(pool).find("no such pool"), std::string::npos);
  const std::string late =
      R"({"at_ns":99000000000,"pool":"shelf","method":"put","query":"any","request":{},"code":"ok"})";
  EXPECT_NE(first_line(late).find(":2: 'at_ns' goes back"), std::string::npos);
  EXPECT_EQ(start().replay(path_ + "-not-there").code(), Code::not_found);
  EXPECT_EQ(start().save_recording(path_).code(), Code::failed_precondition);
  auto node = start();
  node.record();
  EXPECT_EQ(node.save_recording(path_ + "-missing/all").code(), Code::not_found);
}

}  // namespace
}  // namespace chi::test_kit::sample
