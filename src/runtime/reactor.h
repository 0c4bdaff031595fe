// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A worker's view of the outside world: waiting, being woken, and asynchronous system calls. Seam for simulation: the
// daemon uses IoUring (io_uring.h), a simulation has no outside world.
#pragma once

#include <cstdint>

#include "chimaera/abi.h"
#include "chimaera/result.h"

namespace chi::runtime {

class Registration;

// One asynchronous operation; stays put until it was called.
struct Operation {
  void (*done)(Operation&, std::int32_t result) = nullptr;  // result: of the system call, or -errno
};

// What an operation uses, where the reactor may be told of it beforehand (registration.h); each or both may be null.
struct Registered {
  Registration* file = nullptr;
  Registration* memory = nullptr;
};

// All functions but wake() are for the worker's thread.
class Reactor {
 public:
  virtual ~Reactor() = default;

  // Starts a system call. False when too many are under way; nothing has happened then. `registered` is used before it
  // returns only.
  virtual bool start(const chi_io& io, const Registered& registered, Operation& operation) = 0;

  // From now on, a write to this eventfd ends wait(). The descriptor stays the caller's, who unwatches it first.
  virtual void watch(int eventfd) = 0;
  virtual void unwatch(int eventfd) = 0;

  // Hands over what was started and calls `done` of what has ended; does not block. Returns how many ended.
  virtual unsigned poll() = 0;

  // Whether a device is at work: reads, writes and the like of files are under way, which end by themselves, and soon.
  virtual bool device_at_work() const noexcept = 0;

  // Sleeps until something has ended, an eventfd was written, wake() was called, or the clock passes `until_ns`
  // (0: no bound). Spurious returns are allowed.
  virtual void wait(std::uint64_t until_ns) = 0;

  // From any thread: ends the present wait(), or the next one at once.
  virtual void wake() noexcept = 0;
};

}  // namespace chi::runtime
