// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Units that coroutines take and give back, in the order in which they asked: who wants many is not overtaken by those
// who want few. Blocks the coroutine, never the worker.
//
//   auto units = co_await in_flight.acquire(2);                       // given back when `units` ends
//   auto maybe = co_await in_flight.acquire_until(chi::now() + 5ms);  // Result<Units>: deadline_exceeded, cancelled
//
// Not thread-safe: all users belong to one executor. Outlives who waits for it or holds units of it.
#pragma once

#include <chimaera/detail/wait_list.h>

#include <cassert>
#include <chrono>
#include <cstddef>
#include <utility>

namespace chi {

class Semaphore;

// Held units, given back at its end. May be moved, and ended early with release().
class [[nodiscard]] Units {
 public:
  Units() = default;
  Units(Units&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), count_(other.count_) {}
  Units& operator=(Units&& other) noexcept {
    Units old(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    count_ = other.count_;
    return *this;
  }
  ~Units() { release(); }

  bool held() const noexcept { return owner_ != nullptr; }
  void release() noexcept;

 private:
  friend class Semaphore;
  Units(Semaphore* owner, std::size_t count) noexcept : owner_(owner), count_(count) {}

  Semaphore* owner_ = nullptr;
  std::size_t count_ = 0;
};

class Semaphore {
 public:
  explicit Semaphore(std::size_t units) noexcept : available_(units) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore() { assert(waiters_.empty() && "a semaphore was destroyed while coroutines wait for it"); }

  // Awaited, gives Units. Waits for as long as it takes.
  auto acquire(std::size_t count = 1) noexcept { return Forever(*this, count); }

  // Awaited, gives Result<Units>. `deadline` is of chi::now().
  auto acquire_until(std::chrono::nanoseconds deadline, std::size_t count = 1) noexcept {
    return Until(*this, count, deadline);
  }

  // What is free at once, without waiting; Units that are not held() when it is not, or others wait.
  Units try_acquire(std::size_t count = 1) noexcept { return admit(count) ? Units(this, count) : Units(); }

  // Adds units, more than there were at first if need be.
  void release(std::size_t count = 1) noexcept {
    available_ += count;
    left();
  }

  std::size_t available() const noexcept { return available_; }

 private:
  friend class detail::Acquire<Semaphore>;
  using Wait = detail::Acquire<Semaphore>;

  struct Forever : Wait {
    using Wait::Wait;
    Units await_resume() noexcept {
      taken();
      return Units(&owner(), want());
    }
  };
  struct Until : Wait {
    using Wait::Wait;
    Result<Units> await_resume() {
      if (!taken()) return error();
      return Units(&owner(), want());
    }
  };

  bool admit(std::size_t count) noexcept {
    if (!waiters_.empty() || count > available_) return false;
    available_ -= count;
    return true;
  }
  void give_back(std::size_t count) noexcept { release(count); }
  void left() noexcept {
    while (!waiters_.empty() && waiters_.first()->want <= available_) {
      available_ -= waiters_.first()->want;
      waiters_.grant_first();
    }
  }
  detail::WaitList& waiters() noexcept { return waiters_; }

  std::size_t available_;
  detail::WaitList waiters_;
};

inline void Units::release() noexcept {
  if (owner_) std::exchange(owner_, nullptr)->release(count_);
}

}  // namespace chi
