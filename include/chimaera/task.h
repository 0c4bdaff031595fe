// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Task<T>: a coroutine, and the one who waits for its result. T is usually Result<X>.
//
//   chi::Task<chi::Result<Reply>> Bucket::on(const Fetch& request) {
//     auto answer = co_await pool("disk").call<Read>(request.block);
//     co_return ...;
//   }
//
// - It starts at once and runs, inside the call, until it first has to wait. Awaiting a finished task does not suspend.
// - When it ends, the coroutine that awaits it is resumed through its executor's ready list: never nested, never by
//   symmetric transfer, so that no chain of awaits grows the stack.
// - An exception that leaves the coroutine is thrown again where it is awaited.
// - Destroying a Task that has not ended destroys the coroutine where it is suspended: its locals are destroyed in
//   order, calls that it awaits are cancelled, locks that it waits for are given up. Nobody else may await it then.
// - Not thread-safe: a task, and whoever awaits it, belong to one executor.
//
// House rule, because g++ 12 miscompiles the rest: one `co_await` a statement, as `co_await x;`, `auto r = co_await x;`
// or `co_return co_await x;`, without `{` or `[` in the operand; a lambda coroutine has no captures.
#pragma once

#include <chimaera/detail/frame.h>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace chi {

template <class T>
class Task;

namespace detail {

// Who is told that a coroutine has ended. May destroy the coroutine.
struct Continuation {
  void (*done)(Continuation*) noexcept = nullptr;
};

class PromiseBase {
 public:
  struct Final {
    bool detached;
    bool await_ready() const noexcept { return detached; }  // then the frame frees itself
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      Continuation* waiter = handle.promise().continuation;
      if (waiter) waiter->done(waiter);
    }
    void await_resume() const noexcept {}
  };

  static void* operator new(std::size_t size) { return Frame::allocate(size); }
  static void operator delete(void* coroutine, std::size_t) noexcept { Frame::deallocate(coroutine); }

  std::suspend_never initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {detached}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  Continuation* continuation = nullptr;
  bool detached = false;

 protected:
  void rethrow() {
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
  }

 private:
  std::exception_ptr exception_;
};

template <class T>
class Promise : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class U = T>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() { rethrow(); }
};

// The frame of the coroutine that awaits.
template <class P>
Frame& frame_of(std::coroutine_handle<P> handle) noexcept {
  static_assert(std::is_base_of_v<PromiseBase, P>, "this can be awaited only in a coroutine that returns chi::Task");
  return Frame::of(handle);
}

// Not inlined: were the compiler to see both ends of a coroutine's life, it might put the frame on the stack of its
// caller, without the header that everything here relies on.
[[gnu::noinline]] inline void destroy_coroutine(void* coroutine) noexcept {
  std::coroutine_handle<>::from_address(coroutine).destroy();
}

template <class T>
class TaskAwaiter : Continuation {
 public:
  explicit TaskAwaiter(std::coroutine_handle<Promise<T>> child) noexcept : child_(child) {}
  TaskAwaiter(const TaskAwaiter&) = delete;
  TaskAwaiter& operator=(const TaskAwaiter&) = delete;
  ~TaskAwaiter() {
    if (parent_) child_.promise().continuation = nullptr;
  }

  bool await_ready() const noexcept { return child_.done(); }

  template <class P>
  void await_suspend(std::coroutine_handle<P> parent) noexcept {
    parent_ = &frame_of(parent);
    done = [](Continuation* self) noexcept { static_cast<TaskAwaiter*>(self)->parent_->post(); };
    child_.promise().continuation = this;
  }

  T await_resume() { return child_.promise().take(); }

 private:
  std::coroutine_handle<Promise<T>> child_;
  Frame* parent_ = nullptr;
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using value_type = T;

  Task() = default;  // of no coroutine; only to be assigned to
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { destroy(); }

  bool done() const noexcept { return handle_.done(); }

  // The result, once; throws what the coroutine threw. Precondition: done(). For executors; coroutines await.
  T take() { return handle_.promise().take(); }

  // Tells `continuation` when the coroutine ends. Precondition: !done(), and nobody awaits it.
  void notify(detail::Continuation& continuation) noexcept { handle_.promise().continuation = &continuation; }

  // Lets the coroutine go on by itself until it ends; its result or exception is dropped. It must not have been started
  // on behalf of a task that ends before it does: in a container, use spawn.
  void detach() && noexcept {
    if (handle_.done()) return destroy();
    std::exchange(handle_, nullptr).promise().detached = true;
  }

  // The task lives until the await has ended. A result can be awaited once.
  auto operator co_await() const noexcept { return detail::TaskAwaiter<T>(handle_); }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

  void destroy() noexcept {
    if (handle_) detail::destroy_coroutine(std::exchange(handle_, nullptr).address());
  }

  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace detail

}  // namespace chi
