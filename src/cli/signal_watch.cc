// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A signalfd, and an eventfd that ends the thread.
#include "cli/signal_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/system_call.h"

namespace chi::cli {

sigset_t end_signals() noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXCPU, SIGPWR}) ::sigaddset(&set, signal);
  return set;
}

bool is_ignored(int signal) noexcept {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

void end_by(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

void block_end_signals() {
  const sigset_t set = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(std::function<void(int)> on_signal) {
  const sigset_t set = end_signals();
  std::unique_ptr<SignalWatch> watch(new SignalWatch());
  watch->signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!watch->signals_) return call_error("signalfd", errno);
  watch->end_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!watch->end_) return call_error("eventfd", errno);
  watch->on_signal_ = std::move(on_signal);
  auto thread = start_thread([self = watch.get()] { self->run(); });
  if (!thread) return std::move(thread).error();
  watch->thread_ = std::move(*thread);
  return watch;
}

Result<std::unique_ptr<SignalWatch>> SignalWatch::start_before_end(std::function<void()> first) {
  return start([first = std::move(first)](int signal) {
    if (is_ignored(signal)) return;
    first();
    end_by(signal);
  });
}

SignalWatch::~SignalWatch() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  (void)!::write(end_.get(), &one, sizeof one);
  thread_.join();
}

void SignalWatch::run() const {
  std::array<pollfd, 2> wait{{{signals_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;
    if (wait[1].revents) return;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal != SIGHUP || !is_ignored(signal)) on_signal_(signal);
  }
}

}  // namespace chi::cli
