// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The signals that ask a program to end, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXCPU and SIGPWR, as a call on a thread of
// its own, where everything may be done. A SIGHUP that was ignored from the start (nohup) stays so.
#pragma once

#include <chimaera/result.h>
#include <signal.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/unique_fd.h"

namespace chi::cli {

sigset_t end_signals() noexcept;

bool is_ignored(int signal) noexcept;

// Ends this process by the signal, so that its parent sees it: a shell's loop or script has to, in order to end, too.
[[noreturn]] void end_by(int signal);

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
