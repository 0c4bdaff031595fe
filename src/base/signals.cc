// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements signals.h. SIGPIPE and SIGXFSZ of a write are sent to the thread that writes.
#include "base/signals.h"

#include <cerrno>
#include <ctime>

namespace chi {

WriteSignalsHeld::WriteSignalsHeld() noexcept {
  sigset_t waiting;
  sigpending(&waiting);
  sigemptyset(&held_);
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    if (sigismember(&waiting, signal) != 1) sigaddset(&held_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

WriteSignalsHeld::~WriteSignalsHeld() {
  const int saved = errno;
  const timespec now{};
  while (sigtimedwait(&held_, nullptr, &now) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = saved;
}

SignalsBlocked::SignalsBlocked() noexcept {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF}) {
    sigdelset(&blocked, signal);
  }
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace chi
