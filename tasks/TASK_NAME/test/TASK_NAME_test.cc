// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The built module, in the test's own thread and with time that the test lets pass (chimaera/test_kit.h).
#include <TASK_NAME/TASK_NAME.h>
#include <chimaera/test_kit.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace TASK_NAME {
namespace {

using namespace std::chrono_literals;

std::string problem(const chi::Status& status) { return status.ok() ? std::string() : status.error().to_string(); }

class TASK_NAMETest : public ::testing::Test {
 protected:
  chi::TestNode node_ = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  chi::TestPool mine_ = node_.create_pool("mine", {.module = "TASK_NAME", .containers = 4}).value();
  chi::TestPool theirs_ = node_.create_pool("theirs", {.module = "TASK_NAME"}).value();
};

TEST_F(TASK_NAMETest, CountsByName) {
  EXPECT_EQ(mine_.call<Add>("apple", 3u).get().value().total, 3u);
  EXPECT_EQ(mine_.call<Add>("apple").get().value().total, 4u);
  EXPECT_EQ(mine_.call<Get>("apple").get().value().total, 4u);
  EXPECT_EQ(mine_.call<Get>("plum").get().value().total, 0u);
  EXPECT_EQ(mine_.call<Add>("").get().code(), chi::Code::invalid_argument);
}

TEST_F(TASK_NAMETest, AsksAnotherPool) {
  mine_.call<Add>("apple", 3u).get().value();
  theirs_.call<Add>("apple", 4u).get().value();
  EXPECT_EQ(mine_.call<SumWith>("theirs", "apple").get().value().total, 7u);
  EXPECT_EQ(mine_.call<SumWith>("nowhere", "apple").get().code(), chi::Code::not_found);
}

// The second of the calls that containers make to `get` of the pool `theirs` fails.
TEST_F(TASK_NAMETest, SaysWhenTheOtherPoolIsAway) {
  node_.fail_calls({.pool = "theirs", .method = "get", .nth = 2});
  EXPECT_TRUE(mine_.call<SumWith>("theirs", "apple").get().ok());
  EXPECT_EQ(mine_.call<SumWith>("theirs", "apple").get().code(), chi::Code::unavailable);
  EXPECT_TRUE(mine_.call<SumWith>("theirs", "apple").get().ok());
}

// It gets no answer at all. Two seconds are nothing where time is the test's.
TEST_F(TASK_NAMETest, WaitsNoLongerThanItsCaller) {
  node_.fail_calls({.pool = "theirs", .no_answer = true});
  auto sum = mine_.with_deadline(2s).call<SumWith>("theirs", "apple");
  node_.advance(1s);
  EXPECT_FALSE(sum.done());
  EXPECT_EQ(mine_.call<Add>("apple").get().value().total, 1u) << "others are served meanwhile";
  node_.advance(1s);
  EXPECT_TRUE(sum.done());
  EXPECT_EQ(sum.get().code(), chi::Code::deadline_exceeded);
}

// Calls and their replies, a line of JSON each: written by hand, or by node_.record() and save_recording().
TEST_F(TASK_NAMETest, AnswersAsInTheRecording) { EXPECT_EQ(problem(node_.replay(CHI_TEST_FOLDER "/calls.jsonl")), ""); }

// CHIMAERA_WRITE_GOLDEN=1 writes TASK_NAME.state.v1 here if it is not there. Raise kVersion when the State changes, and
// keep the files: each is a state that may lie in a store somewhere.
TEST_F(TASK_NAMETest, StateSurvives) {
  theirs_.call<Add>("apple", 3u).get().value();
  theirs_.call<Add>("pear", 10u).get().value();
  EXPECT_EQ(problem(theirs_.check_snapshot()), "");
  EXPECT_EQ(problem(theirs_.check_golden(CHI_TEST_FOLDER)), "");
}

}  // namespace
}  // namespace TASK_NAME
