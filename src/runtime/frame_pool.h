// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Short-lived memory, kept by each thread in lists of equal size: coroutine frames, tasks, calls. Memory may be freed
// by another thread than its allocator. Beyond kMaxBytes, and for lists that have grown long, it is malloc.
#pragma once

#include <cstddef>
#include <new>

namespace chi::runtime {

class FramePool {
 public:
  static constexpr std::size_t kGrain = 64;
  static constexpr std::size_t kMaxBytes = 2048;
  static constexpr unsigned kKeep = 1024;  // blocks of one size that a thread keeps

  // Null when there is no memory.
  static void* allocate(std::size_t size) noexcept;
  static void release(void* memory, std::size_t size) noexcept;
};

// Gives whatever derives from it operators new and delete on the pool.
struct Pooled {
  static void* operator new(std::size_t size) {
    void* memory = FramePool::allocate(size);
    if (!memory) throw std::bad_alloc();
    return memory;
  }
  static void operator delete(void* memory, std::size_t size) noexcept { FramePool::release(memory, size); }
};

}  // namespace chi::runtime
