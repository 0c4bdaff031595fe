// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Options that the commands share, and their errors.
#include "cli/target.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/exit_code.h"
#include "cli/table.h"

namespace chi::cli {

void add_name(CLI::App& command, std::string& name) {
  command.add_option("--name,-n", name, "the daemon's name")->capture_default_str()->type_name("NAME");
}

void add_target(CLI::App& command, Target& target) {
  add_name(command, target.name);
  command.add_option("--socket", target.socket, "the daemon's socket, where it is not found by name")
      ->type_name("PATH");
  command.add_flag("--json", target.json, "print JSON");
}

Result<Client> connect(const Target& target, std::chrono::nanoseconds timeout) {
  ConnectOptions options;
  options.name = target.name;
  options.socket = target.socket;
  options.timeout = timeout;
  options.spin = std::chrono::nanoseconds(0);  // a command asks a few times only: no need to burn a core
  options.reconnect = false;
  return Client::connect(options);
}

int report(const Error& error) {
  std::fprintf(stderr, "error: %s\n", printable(error.to_string()).c_str());
  return error.code == Code::unavailable ? kNoDaemon : kFailed;
}

int report_unreachable(const Error& error) {
  const int code = report(error);
  return error.code == Code::invalid_argument ? kUsage : code == kFailed ? kNoDaemon : code;
}

}  // namespace chi::cli
