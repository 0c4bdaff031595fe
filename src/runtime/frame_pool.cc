// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lists of free blocks, one set for each thread.
#include "runtime/frame_pool.h"

#include <cstdlib>

namespace chi::runtime {
namespace {

struct Free {
  Free* next;
};

struct Lists {
  struct List {
    Free* head = nullptr;
    unsigned count = 0;
  } of_size[FramePool::kMaxBytes / FramePool::kGrain + 1];

  ~Lists() {
    for (List& list : of_size) {
      while (Free* block = list.head) {
        list.head = block->next;
        std::free(block);
      }
      list.count = FramePool::kKeep;  // what is released after this thread's end goes to free()
    }
  }
};

thread_local Lists lists;

}  // namespace

void* FramePool::allocate(std::size_t size) noexcept {
  std::size_t grains = (size + kGrain - 1) / kGrain;
  if (size > kMaxBytes) return std::malloc(size);
  Lists::List& list = lists.of_size[grains];
  if (Free* block = list.head) {
    list.head = block->next;
    --list.count;
    return block;
  }
  return std::malloc(grains * kGrain);
}

void FramePool::release(void* memory, std::size_t size) noexcept {
  if (!memory) return;
  if (size > kMaxBytes) return std::free(memory);
  Lists::List& list = lists.of_size[(size + kGrain - 1) / kGrain];
  if (list.count >= kKeep) return std::free(memory);
  auto* block = static_cast<Free*>(memory);
  block->next = list.head;
  list.head = block;
  ++list.count;
}

}  // namespace chi::runtime
