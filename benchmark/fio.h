// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The rival of block devices: fio with io_uring, on the same file.
#pragma once

#include <chimaera/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benchmark/block_load.h"

namespace chi::bench {

struct FioJob {
  std::string file;
  std::uint64_t offset = 0;  // what of it is read and written
  std::uint64_t size = 0;
  BlockPattern pattern;
  bool direct = true;
  std::chrono::milliseconds time{1000};  // after a tenth of it that does not count
  int cpu = 0;                           // that it may use
  std::vector<std::string> options;      // more: "fixedbufs", "name=value"
};

std::vector<std::string> fio_command(const FioJob& job);

// Of the output of fio for one job. Latency is from before the system call that submits to the completion (fio's `lat`;
// its `clat` begins when that call has returned). Fails with data_loss where it is not what it used to be.
Result<BlockFigures> parse_fio(std::string_view output, bool write);

// Fails with not_found, and a text that says how to get it, when it is not installed. `error_file` takes what it says.
Result<BlockFigures> run_fio(const FioJob& job, const std::string& error_file);

}  // namespace chi::bench
