// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A process that is held, so that its number cannot come to mean another one.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <chrono>

#include "base/unique_fd.h"

namespace chi::cli {

class Process {
 public:
  // not_found: there is none of that number. Whether it is still the one that was meant is the caller's to see.
  static Result<Process> open(pid_t pid);

  // Of whoever listens at the other end of a connected Unix socket: the process itself where the kernel gives it out
  // (Linux 6.5), else by its number. failed_precondition: its number means nothing here, for it is in another pid
  // namespace.
  static Result<Process> listening_at(int socket);

  // 0: in another pid namespace, where it can be waited for and not signalled.
  pid_t pid() const noexcept { return pid_; }

  bool ended_within(std::chrono::milliseconds limit) const;

  // Fails with permission_denied, or with failed_precondition in another pid namespace. One that has ended is no
  // failure.
  Status send(int signal) const;

 private:
  Process(pid_t pid, UniqueFd fd) noexcept : pid_(pid), fd_(std::move(fd)) {}

  pid_t pid_;
  UniqueFd fd_;
};

}  // namespace chi::cli
