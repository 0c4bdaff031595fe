// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Pending<T>: an operation that has been started and will have a Result<T>: a call, a timer, I/O. Start several, then
// await them, and they run at the same time:
//
//   auto a = disk.call<Read>(1);
//   auto b = disk.call<Read>(2);
//   auto first = co_await a;
//   auto second = co_await b;
//
// Destroying one that has not ended cancels it; what it refers to stays alive until the executor has let go of it. The
// result can be awaited once. Not thread-safe; it belongs to the executor on which it was started.
#pragma once

#include <chimaera/detail/operation.h>

#include <coroutine>
#include <utility>

namespace chi {

template <class T>
class [[nodiscard]] Pending {
 public:
  using value_type = Result<T>;

  Pending() = default;  // of no operation; only to be assigned to
  explicit Pending(detail::TypedOperation<T>* operation) noexcept : operation_(operation) {}
  Pending(Pending&& other) noexcept : operation_(std::exchange(other.operation_, nullptr)) {}
  Pending& operator=(Pending&& other) noexcept {
    Pending old(std::move(*this));
    operation_ = std::exchange(other.operation_, nullptr);
    return *this;
  }
  ~Pending() {
    if (operation_) detail::Operation::abandon(*operation_);
  }

  bool done() const noexcept { return operation_->settled; }

  // Asks for an early end, with Code::cancelled unless it was faster. It must still be awaited, or destroyed.
  void cancel() noexcept {
    if (!done() && operation_->cancel) operation_->cancel(*operation_);
  }

  // The result, once. Precondition: done(). For executors; coroutines await.
  Result<T> take() {
    if (!operation_->result) return Error{Code::failed_precondition, "this result was awaited before", {}};
    Result<T> result = std::move(*operation_->result);
    operation_->result.reset();
    return result;
  }

  // Tells `continuation` of the end, in the executor's context. Precondition: !done(), and nobody awaits it.
  void notify(detail::Continuation& continuation) noexcept { operation_->continuation = &continuation; }

  class Awaiter : detail::Continuation {
   public:
    explicit Awaiter(Pending& pending) noexcept : pending_(pending) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      if (frame_) pending_.operation_->continuation = nullptr;
    }

    bool await_ready() const noexcept { return pending_.done(); }

    template <class P>
    void await_suspend(std::coroutine_handle<P> parent) noexcept {
      frame_ = &detail::frame_of(parent);
      done = [](Continuation* self) noexcept { static_cast<Awaiter*>(self)->frame_->resume(); };
      pending_.notify(*this);
    }

    Result<T> await_resume() { return pending_.take(); }

   private:
    Pending& pending_;
    detail::Frame* frame_ = nullptr;
  };

  // The Pending lives until the await has ended; a temporary does.
  Awaiter operator co_await() noexcept { return Awaiter(*this); }

 private:
  detail::TypedOperation<T>* operation_ = nullptr;
};

}  // namespace chi
