// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The demo's questions to the pool, each answer beside what this program worked out by itself. A result that differs is
// a query's `problem`; an error is one that a call ended with.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>

#include <vector>

#include "cli/demo_expectation.h"
#include "cli/demo_report.h"

namespace chi::cli {

Result<std::vector<DemoQuery>> run_queries(const Pool& pool, const DemoExpectation& expected);

// Random single lookups, one after the other, each value compared; adds its query and figures to `report`.
Status measure_lookups(const Pool& pool, const DemoExpectation& expected, DemoReport& report);

Result<std::vector<DemoContainer>> find_containers(const Client& client, const Pool& pool);

}  // namespace chi::cli
