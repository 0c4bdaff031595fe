// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The header in front of every coroutine frame (internal to task.h and the awaiters): how to resume the coroutine, in
// which scope, and how its memory goes back. It is apart from the frame because it outlives it: a coroutine that is
// destroyed while it waits in an executor's ready list cannot be taken out of there, so its memory stays until `run`.
//
// One suspension at a time, so one `work` for each coroutine is enough. Used by the executor's thread only.
#pragma once

#include <chimaera/executor.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>

namespace chi::detail {

using FreeMemory = void (*)(void*, std::uint64_t);

inline void free_malloced(void* memory, std::uint64_t) { std::free(memory); }

// Memory from the scope's executor. `free_memory` is left as what takes it back. Throws std::bad_alloc.
inline void* allocate_memory(const Executor* executor, std::size_t size, FreeMemory& free_memory) {
  bool pooled = executor && executor->allocate;
  void* memory = pooled ? executor->allocate(size) : std::malloc(size);
  if (!memory) throw std::bad_alloc();
  free_memory = pooled ? executor->free_memory : &free_malloced;
  return memory;
}

class alignas(16) Frame {
 public:
  static void* allocate(std::size_t frame_size) {
    Scope scope = current_scope();
    FreeMemory free_memory = nullptr;
    std::size_t size = sizeof(Frame) + frame_size;
    void* memory = allocate_memory(scope.executor, size, free_memory);
    return new (memory) Frame(scope, static_cast<std::uint32_t>(size), free_memory) + 1;
  }

  static void deallocate(void* coroutine) noexcept {
    Frame* frame = static_cast<Frame*>(coroutine) - 1;
    if (frame->posted_) {
      frame->orphaned_ = true;  // resume_posted frees it
      frame->work_.task = nullptr;
    } else {
      frame->free_memory_(frame, frame->size_);
    }
  }

  static Frame& of(std::coroutine_handle<> handle) noexcept { return *(static_cast<Frame*>(handle.address()) - 1); }

  // Resumes the coroutine through its executor's ready list. Precondition: it is suspended and not posted yet.
  // A coroutine that was started in no scope takes that of whoever wakes it, or else runs at once.
  void post() noexcept {
    if (!scope_.executor) scope_.executor = current_scope().executor;
    if (!scope_.executor) return resume();
    posted_ = true;
    work_ = {nullptr, scope_.task, &resume_posted};
    scope_.executor->post(scope_.executor->context, &work_);
  }

  // Resumes it inside this call: for completions, which the executor runs as it runs its ready list.
  void resume() noexcept {
    ScopeGuard guard(scope_.executor ? scope_ : current_scope());
    std::coroutine_handle<>::from_address(this + 1).resume();
  }

 private:
  Frame(Scope scope, std::uint32_t size, FreeMemory free_memory) noexcept
      : scope_(scope), free_memory_(free_memory), size_(size) {}

  static void resume_posted(chi_work* work) {
    auto* frame = reinterpret_cast<Frame*>(work);
    frame->posted_ = false;
    if (frame->orphaned_) return frame->free_memory_(frame, frame->size_);
    frame->resume();
  }

  chi_work work_{};  // first: resume_posted gets its address
  Scope scope_;
  FreeMemory free_memory_;
  std::uint32_t size_;
  bool posted_ = false;
  bool orphaned_ = false;
};
static_assert(std::is_standard_layout_v<Frame> && sizeof(Frame) == 64);

}  // namespace chi::detail
