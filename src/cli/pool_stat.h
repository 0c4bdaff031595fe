// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What pools tell of themselves: the method `stat` of those whose module has one (chimaera/statistics.h).
#pragma once

#include <chimaera/admin.h>
#include <chimaera/client.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/operations.h"
#include "codec/json.h"

namespace chi::cli {

struct PoolStat {
  Json told;  // outcome_json(), or {"error": ...}
  std::vector<Operations> operations;
  std::vector<std::string> problems;  // "pool: code: text", of the whole or of one container
};

// By the pool's name; those that have nothing to tell are not in it. All are asked at once, each has until the deadline
// to answer, and what fails is in the answer.
std::map<std::string, PoolStat> ask_pools(const Client& client, const std::vector<admin::PoolInfo>& pools,
                                          std::chrono::nanoseconds deadline);

}  // namespace chi::cli
