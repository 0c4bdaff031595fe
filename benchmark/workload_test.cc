// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What all workloads have in common: names, and what a signal does to them.
#include "benchmark/workload.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <utility>

namespace chi::bench {
namespace {

Workload workload_of(Result<Report> (*run)(const Options&)) { return {"test", "a test", false, run}; }

TEST(Workloads, AreFoundByName) {
  std::set<std::string_view> names;
  for (const Workload& workload : workloads()) {
    EXPECT_TRUE(names.insert(workload.name).second) << workload.name;
    EXPECT_EQ(find_workload(workload.name), &workload);
  }
  for (const char* name : {"latency", "throughput", "bulk", "kv", "fanout", "idle"}) EXPECT_TRUE(find_workload(name));
  EXPECT_EQ(find_workload("latenc"), nullptr);
}

TEST(RunWorkload, FillsInTheReport) {
  Options options;
  options.repeats = 3;
  const auto report = run_workload(workload_of([](const Options& given) -> Result<Report> {
                                     EXPECT_FALSE(given.placement.all.empty());
                                     return Report{};
                                   }),
                                   options);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->workload, "test");
  EXPECT_EQ(report->repeats, 3U);
  EXPECT_GT(report->machine.cpus, 0U);
}

TEST(RunWorkload, ASignalCancelsIt) {
  const auto seen = run_workload(workload_of([](const Options&) -> Result<Report> {
                                   ::raise(SIGINT);
                                   Status goes_on = check_interrupt();
                                   EXPECT_EQ(goes_on.code(), Code::cancelled);
                                   return std::move(goes_on).error();
                                 }),
                                 {});
  EXPECT_EQ(seen.code(), Code::cancelled);
  const auto unseen = run_workload(workload_of([](const Options&) -> Result<Report> {
                                     ::raise(SIGTERM);
                                     return Report{};
                                   }),
                                   {});
  EXPECT_EQ(unseen.code(), Code::cancelled) << "and this process lives";
}

TEST(RunWorkload, SaysWhatFailed) {
  const auto report = run_workload(
      workload_of([](const Options&) -> Result<Report> { return Error{Code::data_loss, "lost", {}}; }), {});
  EXPECT_EQ(report.code(), Code::data_loss);
}

}  // namespace
}  // namespace chi::bench
