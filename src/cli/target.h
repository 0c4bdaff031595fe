// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which daemon a command talks to, and what becomes of errors. One Target belongs to one command.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>

#include <chrono>
#include <string>

namespace CLI {
class App;
}

namespace chi::cli {

struct Target {
  std::string name = "default";
  std::string socket;
  bool json = false;  // the command's output is for programs
};

// Adds --name, --socket and --json.
void add_target(CLI::App& command, Target& target);

// Adds --name alone, for commands that know no daemon's answers.
void add_name(CLI::App& command, std::string& name);

Result<Client> connect(const Target& target, std::chrono::nanoseconds timeout = std::chrono::seconds(5));

// Says "error: CODE: TEXT" on stderr and gives the exit code that goes with it.
int report(const Error& error);

// The same for the error of connect().
int report_unreachable(const Error& error);

}  // namespace chi::cli
