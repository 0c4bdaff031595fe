// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// SIGTERM, SIGINT and SIGHUP as a call on a thread of its own, where everything may be done.
#pragma once

#include <chimaera/result.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/unique_fd.h"

namespace chi::cli {

// Blocks the signals for this thread, and so for those that it starts from here on. Call it before there are others.
void block_end_signals();

class SignalWatch {
 public:
  // Calls `on_signal` with each signal that comes until this is destroyed. Precondition: block_end_signals() was
  // called.
  static Result<std::unique_ptr<SignalWatch>> start(std::function<void(int)> on_signal);
  // Has `first` done, and then such a signal end the process as it does without this. One that is ignored (nohup) stays
  // so. Precondition: as above.
  static Result<std::unique_ptr<SignalWatch>> start_before_end(std::function<void()> first);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  SignalWatch() = default;
  void run() const;

  UniqueFd signals_;
  UniqueFd end_;
  std::function<void(int)> on_signal_;
  std::thread thread_;
};

}  // namespace chi::cli
