// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What could stand at the end of a command line: from the parser's own description, and from a daemon's pools.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace chi::cli {

// Where the names come from that only a running system knows. Each function may give nothing, never waits for long.
struct NameSource {
  std::function<std::vector<std::string>()> daemons;
  std::function<std::vector<std::string>(const std::string& daemon)> pools;
  std::function<std::vector<std::string>(const std::string& daemon)> modules;
  std::function<std::vector<std::string>(const std::string& daemon, const std::string& pool)> methods;
  std::function<std::vector<std::string>(const std::string& daemon, const std::string& pool, const std::string& method)>
      fields;
};

// Candidates for the last of `words`, which stand after the program's name; those that begin as it does, sorted.
std::vector<std::string> complete(const CLI::App& program, const NameSource& names,
                                  const std::vector<std::string>& words);

}  // namespace chi::cli
