// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the interpreter's life means for calls under way: its lock, its end, and a fork.
//
// When the interpreter ends, Python ends every other thread that wants the GIL, with pthread_exit(). That cannot unwind
// C++ frames, whose objects need the GIL. So whatever Python calls here is Entered, the exit waits until no thread is
// in it, and a thread that comes (back) later sleeps until the process is gone.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstdint>

namespace chi::python {

namespace py = pybind11;

// C++ code that runs with the GIL; may be nested.
class Entered {
 public:
  Entered();
  ~Entered();
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
};

// Within an Entered: the GIL is released while it lives.
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

// Called by the interpreter's exit: after it no other thread is Entered, nor will be.
void prepare_exit();

// Which process this is, counted in forks from the first. What was made in another one is the parent's: its rings are
// shared with the daemon, and two processes cannot both use them.
std::uint32_t fork_number() noexcept;
void watch_forks();

// So soon does Ctrl-C end a wait, and close() that of another thread.
inline constexpr std::chrono::milliseconds kBetweenSignals(50);

// Runs Python's signal handlers; throws what they raise.
void check_signals();

}  // namespace chi::python
