// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which daemon a command talks to, and what becomes of errors. One Target belongs to one command.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>
#include <sys/types.h>

#include <chrono>
#include <string>

#include "base/unique_fd.h"

namespace CLI {
class App;
}

namespace chi::cli {

struct Target {
  std::string name = "default";
  std::string socket;
  std::string user;   // whose daemon it is
  bool json = false;  // the command's output is for programs
};

// Adds --name, --socket, --user and --json.
void add_target(CLI::App& command, Target& target);

// Adds --name alone, for commands that know no daemon's answers.
void add_name(CLI::App& command, std::string& name);

ConnectOptions connect_options(const Target& target, std::chrono::nanoseconds timeout = std::chrono::seconds(5));

Result<Client> connect(const Target& target, std::chrono::nanoseconds timeout = std::chrono::seconds(5));

// A connection, and who is at its other end.
struct Reached {
  UniqueFd socket;        // a copy of the client's: it hangs up when the daemon ends
  pid_t pid = 0;          // the daemon's, in this process' pid namespace; 0: it is in another one
  Result<Client> client;  // an error: it listens, and does not answer as it should
};
Result<Reached> reach(const Target& target);

// "pid 17", or that it is in another pid namespace.
std::string pid_text(pid_t pid);

// Says "error: CODE: TEXT" on stderr and gives kFailed.
int report(const Error& error);

// Of a call: kNoDaemon where the daemon does not answer any more. Whatever code a module's error has, it is not asked.
int report(const Client& client, const Error& error);

// The same for the error of connect().
int report_unreachable(const Error& error);

}  // namespace chi::cli
