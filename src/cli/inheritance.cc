// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements inheritance.h.
#include "cli/inheritance.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli/signal_watch.h"

namespace chi::cli {

namespace {

void ignore_unless_handled(int signal) noexcept {
  struct sigaction now{};
  if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) ::signal(signal, SIG_IGN);
}

}  // namespace

void settle_inheritance() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one. Opened the wrong way round: what was closed stays of no use.
    (void)::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
}

void settle_daemon_signals() noexcept {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT}) {
    ignore_unless_handled(signal);
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) ignore_unless_handled(signal);
  const sigset_t set = end_signals();
  ::pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

}  // namespace chi::cli
