// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// OperationStats (chimaera/statistics.h) in replies of any type: found by schema, taken apart, shown as rates and
// latencies. Plain values and functions.
#pragma once

#include <chimaera/statistics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.h"
#include "codec/schema_type.h"

namespace chi::cli {

struct Operations {
  std::string pool;
  std::optional<std::uint64_t> container;  // nothing: of the pool as a whole
  std::string backend;
  OperationStats stats;
};

// Appends what a reply of this type holds, in its order. `container`: whose reply it is, where it does not say.
void collect_operations(const SchemaType& type, const Json& reply, const std::string& pool,
                        std::optional<std::uint64_t> container, std::vector<Operations>& to);

// What was done between two askings: each of `after` without what it had in `before`. One that was made anew since then
// is left as it is.
std::vector<Operations> since(const std::vector<Operations>& before, std::vector<Operations> after);

// Of pools with more than `most` containers one for each kind of operation, of all of them together.
std::vector<Operations> sum_large_pools(const std::vector<Operations>& all, std::size_t most);

// {"container", "backend", "operation", "count", "failed", "per_second", "bytes", "bytes_per_second", "p50_ns",
// "p99_ns", "elapsed_ns"}
Json operations_json(const Operations& each);

// A table, of those that happened; empty when none did.
std::string render_operations(const std::vector<Operations>& all, std::size_t indent);

}  // namespace chi::cli
