// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/trace_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chi::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TraceText, SaysWhatIsMissingAndNothingElse) {
  admin::TraceStopReply trace;
  trace.records = 1234;
  trace.workers = {{0, 1000, 0, 0}, {1, 234, 0, 0}};
  const std::string whole = trace_text(trace, "a\x1b.json");
  EXPECT_THAT(whole, HasSubstr("1,234 steps (workers: 2) are in a\\x1b.json"));
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 1);
  trace.workers = {{0, 1000, 2000, 5}, {1, 234, 1, 2}};
  trace.missing = {3};
  const std::string gaps = trace_text(trace, "a.json");
  EXPECT_THAT(gaps, HasSubstr("2,001 older steps"));
  EXPECT_THAT(gaps, HasSubstr("7 tasks came too fast"));
  EXPECT_THAT(gaps, HasSubstr("worker 3 did not answer"));
}

TEST(TraceText, AFileThatIsWholeIsSaidToBeSo) {
  const std::string said = unreleased_text({Code::deadline_exceeded, "not\x1b in time", {}}, "mine.json");
  EXPECT_THAT(said, HasSubstr("mine.json is whole"));
  EXPECT_THAT(said, HasSubstr("deadline_exceeded"));
  EXPECT_THAT(said, HasSubstr("the next `chimaera trace start`"));
  EXPECT_THAT(said, Not(HasSubstr("\x1b")));
}

TEST(TraceText, WhoeverLetGoOfATraceNothingIsLeftToDo) {
  for (const Code gone : {Code::aborted, Code::failed_precondition, Code::unavailable}) {
    EXPECT_EQ(unreleased_text({gone, "it has gone", {}}, "mine.json"), "");
  }
}

}  // namespace
}  // namespace chi::cli
