// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Another program, run for a while. It ends with this process, however this one ends.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace chi::bench {

struct Launch {
  std::vector<std::string> command;      // the program, looked for in PATH, and its arguments
  std::vector<std::string> environment;  // "NAME=value", besides what this process has
  std::string error_file;                // takes stderr; empty: /dev/null
  std::vector<int> cpus;                 // that it may use; empty: those of the calling thread
};

// The path of this very program.
std::string own_program();

// Owns the process: the destructor kills it and waits for its end. One thread at a time.
class Child {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  static Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

  // Fails with not_found when there is no such program, else as fork and pipe do.
  static Result<Child> start(const Launch& launch);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const noexcept { return pid_; }
  bool runs();

  // The next line of its stdout, without the newline. Fails with unavailable when it ended before.
  Result<std::string> read_line(Deadline deadline);

  // All the rest of its stdout, once it has ended with exit code 0; fails when that is another, or not in time.
  Result<std::string> output(Deadline deadline);

  // Asks it to end, and makes it end when it does not until the deadline. False when it had to be made.
  bool stop(Deadline deadline);

 private:
  Child(pid_t pid, UniqueFd output, std::string name) noexcept;
  Status fill(Deadline deadline);
  bool wait_until(Deadline deadline);
  void kill() noexcept;

  pid_t pid_ = -1;  // -1: has ended and was waited for
  int status_ = 0;
  UniqueFd output_;
  std::string name_;
  std::string read_;  // and not yet given out
  bool end_of_output_ = false;
};

}  // namespace chi::bench
