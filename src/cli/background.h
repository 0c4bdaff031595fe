// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A process of its own for the daemon, whose starter waits until it is ready, or knows why it is not.
#pragma once

#include <chimaera/result.h>

#include <chrono>
#include <functional>
#include <string>

#include "base/unique_fd.h"

namespace chi::cli {

// The new process' way to tell the starter. The first report counts.
class Readiness {
 public:
  explicit Readiness(UniqueFd pipe) noexcept : pipe_(std::move(pipe)) {}
  // False: the starter has gone meanwhile, and nobody knows of this process.
  bool ready() { return report(Code::ok, {}); }
  void failed(const Error& error) { report(error.code, error.text); }

 private:
  bool report(Code code, const std::string& text);

  UniqueFd pipe_;
};

struct BackgroundOptions {
  std::string log_file;  // takes what is written to stdout and stderr; appended to; empty: /dev/null
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

// Forks a process in a session of its own, with / as its folder and nothing of the terminal, and runs `serve` in it,
// whose result is its exit code. Returns in the starter only: the new process' id once it is ready; or its error. When
// it dies without a word, or is not ready in time (it is killed then), the error says where the log is. A signal that
// asks this process to end (signal_watch.h) ends the new one, in which these are blocked to begin with, and then this.
// Precondition: this process has one thread.
Result<pid_t> run_in_background(const BackgroundOptions& options, const std::function<int(Readiness&)>& serve);

}  // namespace chi::cli
