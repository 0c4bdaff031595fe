// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where coroutines run: an executor is what resumes them, one at a time, and gives them memory and timers. In a module
// it is the container's lane, in a program the client's stream of the calling thread. A table of functions rather than
// a class, for it wraps the C services.
//
// The scope of a thread is the executor, and the task, of the code that it runs just now. A coroutine keeps the scope
// in which it was started; what it starts inherits it.
#pragma once

#include <chimaera/abi.h>

#include <cstdint>

namespace chi {

// Functions are called by the executor's own thread only. `context` is passed back to them. All outlive what runs.
struct Executor {
  void* context = nullptr;

  // Runs `work` after what is ready now, never inside this call.
  void (*post)(void* context, chi_work* work) = nullptr;

  // Memory of coroutine frames; null: malloc and free. `free_memory` is valid even after the executor has ended.
  void* (*allocate)(std::uint64_t size) = nullptr;
  void (*free_memory)(void* memory, std::uint64_t size) = nullptr;

  // Timers, as in chi_services; all null where the executor has none. `done` runs exactly once.
  std::uint64_t (*now_ns)(void* context) = nullptr;
  void (*timer_start)(void* context, chi_task* task, std::uint64_t at_ns, chi_completion* done) = nullptr;
  void (*timer_cancel)(void* context, chi_completion* done) = nullptr;
};

struct Scope {
  const Executor* executor = nullptr;
  chi_task* task = nullptr;  // on whose behalf; null: on the container's or program's own
};

namespace detail {
inline constinit thread_local Scope thread_scope{};
}  // namespace detail

// The scope of the calling thread; empty outside of coroutines and of what an executor runs.
inline Scope current_scope() noexcept { return detail::thread_scope; }

// Sets the thread's scope for its own lifetime.
class ScopeGuard {
 public:
  explicit ScopeGuard(Scope scope) noexcept : previous_(detail::thread_scope) { detail::thread_scope = scope; }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;
  ~ScopeGuard() { detail::thread_scope = previous_; }

 private:
  Scope previous_;
};

}  // namespace chi
