// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Replies as JSON and for people, without knowing their types.
#include "cli/json.h"

#include <chimaera/admin.h>
#include <gtest/gtest.h>

namespace chi::cli {
namespace {

TEST(ToJson, HasTheFieldsThatScriptsRelyOn) {
  admin::StatusReply status;
  status.pid = 42;
  status.uptime_s = 1.5;
  status.workers.resize(2);
  status.pools.push_back({.id = 1, .name = "admin", .module = "chimaera_admin"});
  const Json json = to_json(status).value();
  EXPECT_EQ(json["pid"], 42);
  EXPECT_EQ(json["uptime_s"], 1.5);
  EXPECT_EQ(json["workers"].size(), 2U);
  EXPECT_EQ(json["workers"][1]["tasks"], 0);
  EXPECT_TRUE(json["sessions"].is_array());
  EXPECT_EQ(json["pools"][0]["name"], "admin");
}

TEST(ToJson, IdsOf64BitsAreText) {
  admin::StatusReply status;
  status.incarnation = 9007199254740993;
  status.sessions.push_back({.id = 18446744073709551615U, .pid = 7});
  status.pools.push_back({.id = 9007199254740993, .name = "one"});
  const Json json = to_json(status).value();
  EXPECT_EQ(json["incarnation"], "9007199254740993");
  EXPECT_EQ(json["sessions"][0]["id"], "18446744073709551615");
  EXPECT_EQ(json["sessions"][0]["pid"], 7);
  EXPECT_EQ(json["pools"][0]["id"], "9007199254740993");
}

TEST(ToJson, IdsUnderOtherNamesAreTextToo) {
  admin::TraceReadReply read;
  read.steps.push_back({.pool = 9007199254740993, .session = 9007199254740995, .sequence = 3});
  const Json step = to_json(read).value()["steps"][0];
  EXPECT_EQ(step["pool"], "9007199254740993");
  EXPECT_EQ(step["session"], "9007199254740995");
  EXPECT_EQ(step["sequence"], 3);
  EXPECT_EQ(to_json(admin::TraceStopReply{.trace = 9007199254740993}).value()["trace"], "9007199254740993");
  admin::LanesReply lanes;
  lanes.lanes.push_back({.pool = 9007199254740993});
  lanes.pools.push_back({.id = 9007199254740993, .name = "one"});
  const Json json = to_json(lanes).value();
  EXPECT_EQ(json["lanes"][0]["pool"], json["pools"][0]["id"]);
  EXPECT_EQ(json["lanes"][0]["pool"], "9007199254740993");
}

TEST(ErrorJson, NamesTheCode) {
  const Json json = error_json(Error{Code::not_found, "no such pool", "admin/0"});
  EXPECT_EQ(json.dump(), R"({"code":"not_found","text":"no such pool","where":"admin/0"})");
}

TEST(Render, AnObjectIsLinesOfFields) {
  EXPECT_EQ(render(Json::parse(R"({"found": true, "value": "red", "none": null, "list": [1, 2]})")),
            "found: true\n"
            "value: red\n"
            "none:\n"
            "list:  [1,2]\n");
}

TEST(Render, AListOfObjectsIsATable) {
  EXPECT_EQ(render(Json::parse(R"([{"key": "a", "n": 1}, {"key": "b", "m": 2}])")),
            "key  n  m\n"
            "a    1\n"
            "b       2\n");
  EXPECT_EQ(render(Json::parse(R"({"rows": [{"key": "a"}], "n": 1})")),
            "rows:\n"
            "  key\n"
            "  a\n"
            "n: 1\n");
}

TEST(Render, LetsNothingThroughThatATerminalWouldObey) {
  EXPECT_EQ(render(Json{{"value", "\x1b[2J"}}), "value: \\x1b[2J\n");
  EXPECT_EQ(render(Json("a\nb")), "a\\x0ab\n");
}

}  // namespace
}  // namespace chi::cli
