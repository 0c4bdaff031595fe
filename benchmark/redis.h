// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The rival of the key-value store: a private redis-server on a Unix socket, and its own benchmark program.
#pragma once

#include <chimaera/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "benchmark/child.h"
#include "benchmark/scratch_folder.h"
#include "benchmark/workload.h"

namespace chi::bench {

// Of one test in the output of `redis-benchmark --csv`. Fails with data_loss where that is not what it used to be.
Result<double> parse_redis_rate(std::string_view csv, std::string_view test);

class Redis {
 public:
  // Fails with not_found, and a text that says how to get it, when it is not installed.
  static Result<Redis> start(const Options& options);

  struct Load {
    bool get = false;  // else set
    std::size_t value_size = 0;
    std::uint32_t keys = 0;
    unsigned pipeline = 1;
    std::uint64_t requests = 0;
  };

  // Requests a second of one connection.
  Result<double> rate(const Load& load) const;

 private:
  Redis(const Options& options, ScratchFolder folder, Child server) noexcept
      : placement_(options.placement), folder_(std::move(folder)), server_(std::move(server)) {}

  Placement placement_;
  ScratchFolder folder_;
  Child server_;  // the first to go
};

}  // namespace chi::bench
