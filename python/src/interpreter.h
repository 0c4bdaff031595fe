// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the interpreter's life means for calls under way: its lock, its end, and a fork.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

namespace chi::python {

namespace py = pybind11;

// The GIL is released while it lives; made and destroyed by a thread that holds it. A thread that would take the GIL
// again when the interpreter is ending sleeps for ever instead: Python would end it with pthread_exit(), which cannot
// unwind C++ frames whose objects need the GIL.
class Unlocked {
 public:
  Unlocked();
  ~Unlocked();
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_ = nullptr;
};

template <class F>
auto unlocked(F&& wait) {
  Unlocked while_it_waits;
  return wait();
}

// Called by the interpreter's exit: after it no thread is on its way back into Python, nor will be.
void prepare_exit();

// Which process this is, counted in forks from the first. What was made in another one is the parent's: its rings are
// shared with the daemon, and two processes cannot both use them.
std::uint32_t fork_number() noexcept;
void watch_forks();

// Runs Python's signal handlers; throws what they raise.
void check_signals();

}  // namespace chi::python
