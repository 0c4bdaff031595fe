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
std::atomic<std::uint32_t> entered{0};  // threads that have the GIL, or are taking it
std::atomic<std::uint32_t> forks{0};
thread_local bool ends_the_interpreter = false;

[[noreturn]] void sleep_until_the_end() {
  for (;;) ::pause();
}

}  // namespace

Entered::Entered() {
  if (exiting.load() && !ends_the_interpreter) {
    PyEval_SaveThread();
    sleep_until_the_end();
  }
  entered.fetch_add(1);
}

Entered::~Entered() { entered.fetch_sub(1); }

Unlocked::Unlocked() {
  if (ends_the_interpreter) return;
  state_ = PyEval_SaveThread();
  entered.fetch_sub(1);
}

Unlocked::~Unlocked() {
  if (!state_) return;
  entered.fetch_add(1);
  if (exiting.load()) {
    entered.fetch_sub(1);
    sleep_until_the_end();
  }
  PyEval_RestoreThread(state_);
}

void prepare_exit() {
  ends_the_interpreter = true;
  exiting.store(true);
  PyThreadState* state = PyEval_SaveThread();
  while (entered.load() != 0) std::this_thread::yield();  // none waits for anything but the GIL
  PyEval_RestoreThread(state);
}

std::uint32_t fork_number() noexcept { return forks.load(std::memory_order_relaxed); }

void watch_forks() {
  ::pthread_atfork(nullptr, nullptr, [] {
    forks.fetch_add(1, std::memory_order_relaxed);
    entered.store(0);  // others' threads are not here
  });
}

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

}  // namespace chi::python
