// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The JSON that scripts read, and the cells that people read.
#include "benchmark/report.h"

#include <gtest/gtest.h>

namespace chi::bench {
namespace {

Report sample() {
  Report report;
  report.workload = "latency";
  report.repeats = 5;
  report.rows.push_back({{"workload", "latency"}, {"p50_ns", 300.5}, {"ratio_p50", 1.5}});
  report.rows.push_back({{"workload", "latency_4k"}, {"p50_ns", 400}, {"payload_bytes", 4096}});
  report.targets.push_back({"ratio", 1.5, 2, true});
  report.targets.push_back({"rate", 5e6, 1e7, false});
  report.notes = {"a note"};
  return report;
}

TEST(ReportJson, RowsTargetsNotesMachine) {
  const Json json = to_json(sample());
  EXPECT_EQ(json["workload"], "latency");
  EXPECT_EQ(json["repeats"], 5);
  EXPECT_FALSE(json.contains("p50_ns"));
  EXPECT_EQ(json["rows"][1]["p50_ns"], 400);
  EXPECT_EQ(json["targets"][0]["met"], true);
  EXPECT_EQ(json["targets"][0]["at_most"], 2);
  EXPECT_EQ(json["targets"][1]["met"], false);
  EXPECT_EQ(json["targets"][1]["at_least"], 1e7);
  EXPECT_EQ(json["notes"][0], "a note");
  EXPECT_TRUE(json["machine"].contains("stolen_percent"));
}

TEST(ReportJson, ASingleFigureIsOnTop) {
  Report report = sample();
  report.single = true;
  const Json json = to_json(report);
  EXPECT_EQ(json["workload"], "latency");
  EXPECT_EQ(json["p50_ns"], 300.5);
  EXPECT_EQ(json["ratio_p50"], 1.5);
  EXPECT_EQ(json["rows"].size(), 2U);
}

TEST(Columns, OfAllRowsInOrder) {
  EXPECT_EQ(columns(sample().rows), (std::vector<std::string>{"workload", "p50_ns", "ratio_p50", "payload_bytes"}));
}

TEST(Cell, ForPeople) {
  const Row row = {{"workload", "kv"},          {"ops_per_s", 12345678.0}, {"p99_ns", 12345.6},
                   {"p50_ns", 312.47},          {"size_bytes", 65536U},    {"ratio", 1.256},
                   {"resident_bytes", 7511553}, {"coroutine", true},       {"floor", nullptr}};
  EXPECT_EQ(cell(row, "workload"), "kv");
  EXPECT_EQ(cell(row, "ops_per_s"), "12,345,678");
  EXPECT_EQ(cell(row, "p99_ns"), "12,346");
  EXPECT_EQ(cell(row, "p50_ns"), "312.5");
  EXPECT_EQ(cell(row, "size_bytes"), "64KiB");
  EXPECT_EQ(cell(row, "resident_bytes"), "7.2MiB");
  EXPECT_EQ(cell(row, "ratio"), "1.256");
  EXPECT_EQ(cell(row, "coroutine"), "yes");
  EXPECT_EQ(cell(row, "floor"), "");
  EXPECT_EQ(cell(row, "no such"), "");
}

}  // namespace
}  // namespace chi::bench
