// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Children that answer, fail, hang, and are not there.
#include "benchmark/child.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace chi::bench {
namespace {

using std::chrono::milliseconds;

Child shell(const std::string& script) {
  return Child::start(
             {.command = {"sh", "-c", script}, .environment = {"CHI_TEST=from the test"}, .error_file = {}, .cpus = {}})
      .value();
}

TEST(Child, GivesLinesAndTheRest) {
  Child child = shell("echo one; echo \"$CHI_TEST\"; echo three; echo four");
  EXPECT_EQ(child.read_line(Child::in(milliseconds(5000))).value(), "one");
  EXPECT_EQ(child.read_line(Child::in(milliseconds(5000))).value(), "from the test");
  EXPECT_EQ(child.output(Child::in(milliseconds(5000))).value(), "three\nfour\n");
  EXPECT_FALSE(child.runs());
}

TEST(Child, SaysWhatItsEndWas) {
  EXPECT_EQ(shell("exit 3").output(Child::in(milliseconds(5000))).code(), Code::internal);
  EXPECT_EQ(shell("kill -9 $$").output(Child::in(milliseconds(5000))).code(), Code::internal);
  EXPECT_EQ(shell("exit 0").read_line(Child::in(milliseconds(5000))).code(), Code::unavailable);
  Child none =
      Child::start({.command = {"no-such-program-at-all"}, .environment = {}, .error_file = {}, .cpus = {}}).value();
  EXPECT_EQ(none.output(Child::in(milliseconds(5000))).code(), Code::not_found);
}

TEST(Child, EveryWaitHasADeadline) {
  Child child = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  ASSERT_TRUE(child.read_line(Child::in(milliseconds(5000))).ok());
  EXPECT_EQ(child.read_line(Child::in(milliseconds(20))).code(), Code::deadline_exceeded);
  EXPECT_EQ(child.output(Child::in(milliseconds(20))).code(), Code::deadline_exceeded);
  EXPECT_FALSE(child.stop(Child::in(milliseconds(20)))) << "it does not listen";
  EXPECT_FALSE(child.runs());
}

TEST(Child, StopsWhenAsked) {
  Child child = shell("echo ready; exec sleep 100");
  ASSERT_TRUE(child.read_line(Child::in(milliseconds(5000))).ok());
  EXPECT_TRUE(child.stop(Child::in(milliseconds(5000))));
}

TEST(Child, IsGoneWithItsOwner) {
  pid_t pid = 0;
  {
    Child child = shell("exec sleep 100");
    pid = child.pid();
    EXPECT_TRUE(child.runs());
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

}  // namespace
}  // namespace chi::bench
