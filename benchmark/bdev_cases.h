// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What `bdev` measures, each in pairs with its rival, and what is made of it in the report.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "benchmark/block_load.h"
#include "benchmark/report.h"
#include "benchmark/workload.h"

namespace chi::bench {

struct BdevCase {
  std::string backend;  // "file": the rival is fio; "ram": it is memcpy
  BlockPattern pattern;
  Figure iops{}, p50{}, p99{}, client_cpu{}, daemon_cpu{};
  Figure rival_iops{}, rival_p50{}, rival_cpu{};
  Figure ratio{}, cpu_ratio{}, added_p50{};

  // "file 4KiB randread at depth 1".
  std::string name() const;
};

// 4 KiB at random and 1 MiB in order, reads and writes, at depth 1 and 32: those with options.only in their names.
std::vector<BdevCase> bdev_cases(const std::string& backend, const Options& options);

using MeasureBlocks = std::function<Result<BlockFigures>(const BlockPattern&)>;

// Both of a pair right after each other, and in the other order the next time. `rival` may be empty.
Status measure_cases(std::vector<BdevCase>& cases, const Options& options, const MeasureBlocks& ours,
                     const MeasureBlocks& rival);

void add_rows(const std::vector<BdevCase>& cases, Report& report);

// What cannot be told without a rival is left out.
void add_targets(const std::vector<BdevCase>& cases, Report& report);

}  // namespace chi::bench
