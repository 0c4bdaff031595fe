// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements interpreter.h.
#include "interpreter.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace chi::python {

namespace {

std::atomic<bool> exiting{false};
std::atomic<std::uint32_t> returning{0};  // threads that are taking the GIL
std::atomic<std::uint32_t> forks{0};

}  // namespace

Unlocked::Unlocked() {
  if (!exiting.load()) state_ = PyEval_SaveThread();
}

Unlocked::~Unlocked() {
  if (!state_) return;
  returning.fetch_add(1);
  if (exiting.load()) {
    returning.fetch_sub(1);
    for (;;) ::pause();
  }
  PyEval_RestoreThread(state_);
  returning.fetch_sub(1);
}

void prepare_exit() {
  PyThreadState* state = PyEval_SaveThread();
  exiting.store(true);
  while (returning.load() != 0) std::this_thread::yield();  // they get the GIL, which nobody holds for long
  PyEval_RestoreThread(state);
}

std::uint32_t fork_number() noexcept { return forks.load(std::memory_order_relaxed); }

void watch_forks() {
  ::pthread_atfork(nullptr, nullptr, [] {
    forks.fetch_add(1, std::memory_order_relaxed);
    returning.store(0);  // of threads that are not here
  });
}

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

}  // namespace chi::python
