// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A daemon of this very program, for one workload: nobody else knows its socket, and it ends, with all its files, with
// its owner.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>

#include <string>
#include <vector>

#include "benchmark/child.h"
#include "benchmark/scratch_folder.h"
#include "benchmark/workload.h"

namespace chi::bench {

class PrivateDaemon {
 public:
  // Returns when clients can connect. `under`: the program that runs it, such as valgrind, with its arguments.
  static Result<PrivateDaemon> start(const Options& options, const std::vector<std::string>& under = {});

  pid_t pid() const noexcept { return child_.pid(); }
  std::string socket() const { return folder_.file("socket"); }
  const ScratchFolder& folder() const noexcept { return folder_; }

  // Waits for its end in order. Fails with what it logged when it did not end well.
  Status stop();

  PrivateDaemon(PrivateDaemon&&) = default;
  PrivateDaemon& operator=(PrivateDaemon&&) = delete;
  ~PrivateDaemon();

 private:
  PrivateDaemon(ScratchFolder folder, Child child) noexcept : folder_(std::move(folder)), child_(std::move(child)) {}

  ScratchFolder folder_;
  Child child_;
};

}  // namespace chi::bench
