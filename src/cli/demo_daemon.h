// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A daemon for this program alone: a child process, its files in a temporary folder. Nothing is left of either when
// this object is gone, nor when this process dies without a word.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/unique_fd.h"

namespace chi::cli {

class PrivateDaemon {
 public:
  // It is up when this returns. Precondition: this process has one thread; that thread ends last.
  static Result<std::unique_ptr<PrivateDaemon>> start();

  ~PrivateDaemon() { stop(); }
  PrivateDaemon(const PrivateDaemon&) = delete;
  PrivateDaemon& operator=(const PrivateDaemon&) = delete;

  const std::string& socket() const noexcept { return socket_; }
  pid_t pid() const noexcept { return pid_; }

  // The last lines of its log; what it may say of its own death.
  std::string log_tail() const;

  // Ends it, kindly at first, and removes its files; returns when that is done. From any thread; once is enough.
  void stop() noexcept;

 private:
  explicit PrivateDaemon(std::string folder);

  const std::string folder_;
  const std::string socket_;
  pid_t pid_ = 0;
  UniqueFd log_;  // open from the start, for the daemon takes the file along
  std::mutex stopping_;
  bool stopped_ = false;
};

}  // namespace chi::cli
