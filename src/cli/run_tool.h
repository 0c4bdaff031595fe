// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Other programs, run to their end: no shell, so that an argument is an argument whatever is in it. Usable from any
// thread.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <vector>

namespace chi::cli {

struct ToolResult {
  int exit_code = 0;   // 128 + the signal's number where a signal ended it
  std::string output;  // of stdout and stderr together, the first 1 MiB
};

// Runs `command[0]`, found in PATH, with nothing to read, and waits for it. not_found: there is no such program.
Result<ToolResult> run_tool(const std::vector<std::string>& command);

// The path of the program of this name in PATH, or of this path itself; empty when it cannot be executed.
std::string find_tool(const std::string& name);

}  // namespace chi::cli
