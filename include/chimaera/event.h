// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Something that happens, and coroutines that wait for it: set() lets all of them go on, and those that come later do
// not wait, until reset().
//
//   co_await loaded.wait();
//   auto in_time = co_await loaded.wait_until(chi::now() + 5ms);   // Status: deadline_exceeded, cancelled
//
// Not thread-safe: all users belong to one executor. Outlives who waits for it.
#pragma once

#include <chimaera/detail/wait_list.h>

#include <cassert>
#include <chrono>
#include <cstddef>

namespace chi {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { assert(waiters_.empty() && "an event was destroyed while coroutines wait for it"); }

  bool is_set() const noexcept { return set_; }
  void set() noexcept {
    set_ = true;
    while (!waiters_.empty()) waiters_.grant_first();
  }
  void reset() noexcept { set_ = false; }

  auto wait() noexcept { return Forever(*this, 0); }
  auto wait_until(std::chrono::nanoseconds deadline) noexcept { return Until(*this, 0, deadline); }

 private:
  friend class detail::Acquire<Event>;
  using Wait = detail::Acquire<Event>;

  struct Forever : Wait {
    using Wait::Wait;
    void await_resume() noexcept { taken(); }
  };
  struct Until : Wait {
    using Wait::Wait;
    Status await_resume() {
      if (!taken()) return error();
      return {};
    }
  };

  bool admit(std::size_t) const noexcept { return set_; }
  void give_back(std::size_t) const noexcept {}
  void left() const noexcept {}
  detail::WaitList& waiters() noexcept { return waiters_; }

  bool set_ = false;
  detail::WaitList waiters_;
};

}  // namespace chi
