// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Signals in a program that may be somebody else's: what they do is the program's to decide, so nothing here changes
// it; only the calling thread's mask is used.
#pragma once

#include <csignal>
#include <thread>
#include <utility>

namespace chi {

// While it lives, SIGPIPE and SIGXFSZ do not reach this thread: a write that would raise them just fails (EPIPE,
// EFBIG). Whichever came meanwhile is taken away. Belongs to one thread.
class WriteSignalsHeld {
 public:
  WriteSignalsHeld() noexcept;
  ~WriteSignalsHeld();
  WriteSignalsHeld(const WriteSignalsHeld&) = delete;
  WriteSignalsHeld& operator=(const WriteSignalsHeld&) = delete;

 private:
  sigset_t held_{};    // without those that waited already
  sigset_t before_{};  // the thread's mask
};

// While it lives, nothing reaches this thread, nor threads that it starts, but what their own faults raise, and
// SIGPROF, by which profilers take samples. Belongs to one thread.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept;
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// A thread that takes no signals, for all of its life: a program's handlers run on the program's own threads, and a
// write beyond the limit of file sizes is an error. Throws as std::thread.
template <class F>
std::thread quiet_thread(F&& run) {
  const SignalsBlocked blocked;
  return std::thread(std::forward<F>(run));
}

}  // namespace chi
