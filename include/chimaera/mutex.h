// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Locks that block the coroutine, not the worker. Handlers of one container never run in parallel, but they interleave
// where they await: a lock is for what must stay whole across an await. Fair: first come, first served; so a reader
// that comes after a waiting writer waits behind it, and nobody starves. Not recursive.
//
//   auto guard = co_await mutex.lock();                              // unlocks at its end
//   auto maybe = co_await mutex.lock_until(chi::now() + 5ms);        // Result<Guard>: deadline_exceeded, cancelled
//
// Not thread-safe: all users belong to one executor. Outlives who waits for it or holds it.
#pragma once

#include <chimaera/semaphore.h>

#include <chrono>
#include <cstddef>
#include <limits>

namespace chi {

using Guard = Units;  // a held lock; release() unlocks it early

class CoMutex {
 public:
  auto lock() noexcept { return units_.acquire(); }
  auto lock_until(std::chrono::nanoseconds deadline) noexcept { return units_.acquire_until(deadline); }
  Guard try_lock() noexcept { return units_.try_acquire(); }
  bool locked() const noexcept { return units_.available() == 0; }

 private:
  Semaphore units_{1};
};

// Many readers, or one writer.
class CoRwLock {
 public:
  auto read() noexcept { return units_.acquire(); }
  auto read_until(std::chrono::nanoseconds deadline) noexcept { return units_.acquire_until(deadline); }
  auto write() noexcept { return units_.acquire(kAll); }
  auto write_until(std::chrono::nanoseconds deadline) noexcept { return units_.acquire_until(deadline, kAll); }

 private:
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  Semaphore units_{kAll};
};

}  // namespace chi
