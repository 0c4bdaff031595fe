// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The memory that a session shares with the daemon, as the client sees it: arenas, whose space the client manages, and
// reply arenas, whose space the daemon does. A loan is a chi_block for a range of either; it keeps the mappings alive,
// even when the connection has ended. Usable from any thread.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/result.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/process_words.h"
#include "shm/arena.h"
#include "shm/layout.h"
#include "shm/segment.h"

namespace chi::client {

class Memory : public std::enable_shared_from_this<Memory> {
 public:
  Memory() { made_here_[0] = 1; }

  // A mapped arena, under the number that descriptors name it by. Throws std::bad_alloc.
  void add_arena(std::uint32_t segment, shm::Segment memory);
  void add_reply_arena(std::uint32_t segment, shm::Segment memory);

  // `size` bytes in one of the arenas there are, with one reference; nothing when none has so much.
  std::optional<chi_buffer> allocate(std::uint64_t size);

  bool knows(std::uint32_t segment) const;

  // A reply buffer that a descriptor names, with one reference, whose end tells the daemon. data_loss when the
  // descriptor lies outside of its arena.
  Result<chi_buffer> borrow(const shm::BufferDescriptor& descriptor);

  // The part of a loan that a descriptor names, with a reference of its own; nothing when it is not a part of it.
  std::optional<chi_buffer> share(chi_block* loan, const shm::BufferDescriptor& part) const;

  // Whether the block is a loan of this memory, or of another connection's, or client's.
  static bool is_loan(const chi_block* block) noexcept;

  // Whether the buffer lies in this memory; then `out` names it.
  bool describe(const chi_buffer& buffer, shm::BufferDescriptor& out) const noexcept;

  // Whether reply buffers that are no longer used, and of which the daemon has not been told, are so many, or so large,
  // that the next call should tell it. To tell it of each by itself costs as much as a call does. Fewer go when a
  // thread sleeps or polls for longer than it takes to look after the daemon; a thread that does neither may keep them.
  bool releases_due() const noexcept { return releases_due_.load(std::memory_order_relaxed); }
  std::vector<shm::BufferDescriptor> take_releases();
  void put_back(const std::vector<shm::BufferDescriptor>& releases);

  // Bytes of the arenas that the client manages, and how often space came back.
  std::uint64_t arena_bytes() const;
  std::uint64_t returns() const noexcept { return returns_.load(std::memory_order_acquire); }

 private:
  struct Region {
    shm::Segment memory;
    std::unique_ptr<shm::Arena> space;  // of arenas that the client manages
  };
  struct Loan : chi_block {
    std::shared_ptr<Memory> memory;
    shm::BufferDescriptor range;
  };

  void add_release(const shm::BufferDescriptor& range);  // under the mutex
  const Loan* loan_of(const chi_block* block) const noexcept;
  static void dispose_arena(chi_block* block);
  static void dispose_reply(chi_block* block);
  chi_buffer lend(const Region& region, const shm::BufferDescriptor& range, void (*dispose)(chi_block*));

  // In a fork's child, where the arenas are still the parent's, and nobody gives back what is theirs.
  bool inherited() const noexcept { return made_here_[0].load(std::memory_order_relaxed) == 0; }

  ProcessWords made_here_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, Region> regions_;
  std::vector<std::uint32_t> arenas_;  // those that the client manages, oldest first
  std::uint64_t arena_bytes_ = 0;
  std::vector<shm::BufferDescriptor> releases_;
  std::uint64_t release_bytes_ = 0;
  std::atomic<bool> releases_due_{false};
  std::atomic<std::uint64_t> returns_{0};
};

}  // namespace chi::client
