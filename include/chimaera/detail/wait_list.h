// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What all tools of sync.h are made of (internal to them): a queue of coroutines, first come, first served, and the
// awaiter that stands in it. A waiter that is destroyed or gives up takes itself out; one that was granted what it
// wanted, but is destroyed before it ran, hands it back.
#pragma once

#include <chimaera/task.h>
#include <chimaera/timer.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace chi::detail {

struct Waiter {
  enum class State { idle, waiting, granted };

  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  Frame* frame = nullptr;
  std::size_t want = 0;
  State state = State::idle;
};

class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  bool empty() const noexcept { return !first_; }
  Waiter* first() const noexcept { return first_; }

  void append(Waiter& waiter) noexcept {
    waiter.state = Waiter::State::waiting;
    waiter.next = nullptr;
    waiter.previous = last_;
    (last_ ? last_->next : first_) = &waiter;
    last_ = &waiter;
  }

  void remove(Waiter& waiter) noexcept {
    (waiter.previous ? waiter.previous->next : first_) = waiter.next;
    (waiter.next ? waiter.next->previous : last_) = waiter.previous;
    waiter.state = Waiter::State::idle;
  }

  // The first waiter has what it wants, and goes on through its executor.
  void grant_first() noexcept {
    Waiter& waiter = *first_;
    remove(waiter);
    waiter.state = Waiter::State::granted;
    waiter.frame->post();
  }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

// Waits until `owner` grants `want`. An owner has
//   bool admit(want)        whether it can be had now; takes it
//   void give_back(want)    of a grant that nobody took
//   void left()             a waiter gave up: who stood behind it may go on
//   WaitList& waiters()
template <class Owner>
class Acquire : Continuation {
 public:
  Acquire(Owner& owner, std::size_t want, std::optional<std::chrono::nanoseconds> deadline = {}) noexcept
      : owner_(owner), deadline_(deadline) {
    waiter_.want = want;
  }
  Acquire(const Acquire&) = delete;
  Acquire& operator=(const Acquire&) = delete;
  ~Acquire() {
    if (waiter_.state == Waiter::State::granted) owner_.give_back(waiter_.want);
    if (waiter_.state == Waiter::State::waiting) give_up();
  }

  bool await_ready() noexcept {
    if (!owner_.admit(waiter_.want)) return false;
    waiter_.state = Waiter::State::granted;
    return true;
  }

  template <class P>
  void await_suspend(std::coroutine_handle<P> parent) {
    waiter_.frame = &frame_of(parent);
    if (deadline_ && !start_deadline()) return waiter_.frame->post();  // error() says why
    owner_.waiters().append(waiter_);
  }

 protected:
  // Whether the wait ended in a grant, which is then the caller's.
  bool taken() noexcept { return std::exchange(waiter_.state, Waiter::State::idle) == Waiter::State::granted; }
  Owner& owner() const noexcept { return owner_; }
  std::size_t want() const noexcept { return waiter_.want; }

  Error error() {
    Status waited = timer_.take();
    return waited.ok() ? Error{Code::deadline_exceeded, "not had before the deadline", {}} : waited.error();
  }

 private:
  bool start_deadline() {
    timer_ = start_timer(current_scope(), *deadline_);
    if (timer_.done()) return false;
    done = [](Continuation* self) noexcept { static_cast<Acquire*>(self)->deadline_passed(); };
    timer_.notify(*this);
    return true;
  }

  void deadline_passed() noexcept {
    if (waiter_.state != Waiter::State::waiting) return;
    Frame* frame = waiter_.frame;
    give_up();
    frame->resume();
  }

  void give_up() noexcept {
    owner_.waiters().remove(waiter_);
    owner_.left();
  }

  Owner& owner_;
  Waiter waiter_;
  std::optional<std::chrono::nanoseconds> deadline_;
  Pending<void> timer_;
};

}  // namespace chi::detail
