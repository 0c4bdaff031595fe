// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What fio prints, read; what it might print, refused.
#include "benchmark/fio.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "benchmark/scratch_folder.h"

namespace chi::bench {
namespace {

constexpr std::string_view kOutput = R"(note: something
{"fio version": "fio-3.33", "jobs": [{"jobname": "rival", "error": 0, "job_runtime": 1000,
  "read": {"iops": 0.0, "total_ios": 0, "lat_ns": {"min": 0}},
  "write": {"iops": 5000.5, "total_ios": 5000, "clat_ns": {"percentile": {"50.000000": 76288}},
    "lat_ns": {"min": 9, "percentile": {"50.000000": 116224, "99.000000": 2506752}}},
  "usr_cpu": 2.5, "sys_cpu": 30.0}]}
)";

std::string with(std::string_view from, std::string_view to) {
  std::string out(kOutput);
  return out.replace(out.find(from), from.size(), to);
}

TEST(ParseFio, FindsTheFigures) {
  const auto figures = parse_fio(kOutput, true);
  ASSERT_TRUE(figures.ok()) << figures.error().to_string();
  EXPECT_EQ(figures->iops, 5000.5);
  EXPECT_EQ(figures->p50_ns, 116224);
  EXPECT_EQ(figures->p99_ns, 2506752);
  EXPECT_DOUBLE_EQ(figures->cpu_ns, 65'000) << "32.5 % of a second for 5000 operations";
}

TEST(ParseFio, RefusesWhatHasNoFigures) {
  EXPECT_EQ(parse_fio(kOutput, false).code(), Code::data_loss) << "it did not read";
  EXPECT_EQ(parse_fio("", true).code(), Code::data_loss);
  EXPECT_EQ(parse_fio("fio: no such engine", true).code(), Code::data_loss);
  EXPECT_EQ(parse_fio(kOutput.substr(0, kOutput.size() - 9), true).code(), Code::data_loss);
  EXPECT_EQ(parse_fio(with("\"lat_ns\": {\"min\": 9", "\"latency\": {\"min\": 9"), true).code(), Code::data_loss);
  EXPECT_EQ(parse_fio(with("5000.5", "\"5000.5\""), true).code(), Code::data_loss);
  EXPECT_EQ(parse_fio(with("\"usr_cpu\": 2.5, \"sys_cpu\": 30.0", "\"usr\": 1"), true).code(), Code::data_loss);
  EXPECT_EQ(parse_fio(with("\"jobs\": [", "\"jobs\": [{}, "), true).code(), Code::data_loss);
  EXPECT_EQ(parse_fio("{\"jobs\": {}}", true).code(), Code::data_loss);
}

TEST(FioCommand, HasPathsAndOptionsAsTheyWereGiven) {
  FioJob job;
  job.file = "/a:b c";
  job.offset = 4096;
  job.pattern = {4096, 32, true, true};
  job.options = {"fixedbufs"};
  const auto command = fio_command(job);
  for (const char* word : {"--filename=/a\\:b c", "--offset=4096", "--rw=randwrite", "--iodepth=32", "--fixedbufs"}) {
    EXPECT_NE(std::find(command.begin(), command.end(), word), command.end()) << word;
  }
}

TEST(RunFio, SaysWhatFioSaid) {
  const auto folder = ScratchFolder::make();
  ASSERT_TRUE(folder.ok()) << folder.error().to_string();
  FioJob job;
  job.file = folder->file("missing");
  job.size = 4096;
  const auto figures = run_fio(job, folder->file("log"));
  ASSERT_FALSE(figures.ok());
  const char* expected = figures.code() == Code::not_found ? "apt-get install fio" : "allow_file_create";
  EXPECT_NE(figures.error().text.find(expected), std::string::npos) << figures.error().text;
}

}  // namespace
}  // namespace chi::bench
