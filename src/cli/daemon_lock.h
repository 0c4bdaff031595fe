// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One daemon of a name at a time: a pid file that its daemon keeps locked for as long as it lives. The kernel gives the
// lock back when the process dies, however it dies; a file without a lock is left over, and is taken over.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"
#include "cli/process.h"

namespace chi::cli {

class DaemonLock {
 public:
  // Locks the file, which is made when it is not there, and writes this process' pid. Fails with already_exists, naming
  // the pid, when another process holds it. One that is being killed is waited for, until the kernel has taken it down.
  static Result<DaemonLock> acquire(const std::string& path);

  DaemonLock(DaemonLock&& other) noexcept = default;
  DaemonLock& operator=(DaemonLock&& other) = delete;

  // Removes the file, then gives up the lock. Must happen in the process that acquired it, not in a fork of it.
  ~DaemonLock();

  // For a file that somebody took away, or wrote something else into: makes it anew, or puts it right; true: it had to.
  // Fails with already_exists when another daemon has the name by now.
  Result<bool> look_after();

  // For a process that ends in haste, from any thread: takes the file away, unless the name is another one's by now.
  void remove_file() const noexcept;

 private:
  DaemonLock(std::string path, UniqueFd file) noexcept : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  UniqueFd file_;
};

// The process that holds the lock of this file, as the kernel tells it, whatever is written there. Fails with not_found
// when none does, and with failed_precondition when it is in another pid namespace. Takes no lock itself. Not for the
// process that holds it: closing the file there gives its lock up.
Result<Process> find_daemon(const std::string& path);

}  // namespace chi::cli
