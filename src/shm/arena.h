// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Manages the space of a shared region: hands out ranges of offsets within [0, size). Everything it knows stands in
// private memory, so that whoever else maps the region cannot lead it astray. Two-level size classes (TLSF), constant
// time; neighbours that are free become one. Not thread-safe: callers lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

namespace chi::shm {

class Arena {
 public:
  static constexpr std::uint64_t kAlignment = 64;
  static constexpr std::uint64_t kPage = 4096;
  static constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 36;

  // `size` is rounded down to a multiple of kAlignment and up to kMaxSize. Throws std::bad_alloc.
  explicit Arena(std::uint64_t size);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The offset, a multiple of kAlignment, of `size` bytes (0 counts as 1) that are nobody else's; nothing when no such
  // range is left. From a page's size on it begins at a page, where there is such a range: what devices want.
  std::optional<std::uint64_t> allocate(std::uint64_t size) noexcept;

  // Takes a range back. False, and nothing changes, unless exactly it was handed out and is not back yet.
  bool free(std::uint64_t offset, std::uint64_t size) noexcept;

  // Whether exactly this range is handed out.
  bool holds(std::uint64_t offset, std::uint64_t size) const noexcept;

  std::uint64_t size() const noexcept { return std::uint64_t{units_} * kAlignment; }
  std::uint64_t used() const noexcept { return std::uint64_t{used_units_} * kAlignment; }

 private:
  static constexpr unsigned kSubBits = 3;
  static constexpr unsigned kSubClasses = 1u << kSubBits;
  static constexpr unsigned kClasses = 32 * kSubClasses;
  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kPageUnits = kPage / kAlignment;
  static constexpr unsigned kLooks = 32;  // at blocks of a class that holds both larger and smaller ones

  // A range, free or handed out. Named by its place in `blocks_`; 0 names none.
  struct Block {
    std::uint32_t start = 0;  // in units of kAlignment, as all lengths here
    std::uint32_t units = 0;
    std::uint32_t before = kNone;  // neighbours in space
    std::uint32_t after = kNone;
    std::uint32_t previous = kNone;  // in the list of its class, when free
    std::uint32_t next = kNone;
    std::uint8_t slack = 0;  // bytes at the end that were not asked for
    bool free = false;
  };
  struct Freed {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };

  static unsigned class_of(std::uint32_t units) noexcept;
  static std::uint32_t units_for(std::uint64_t size) noexcept;
  std::uint32_t find(std::uint32_t units) const noexcept;
  std::uint32_t find_at_page(std::uint32_t units) const noexcept;
  std::uint32_t gap_before_page(std::uint32_t block) const noexcept;
  std::uint32_t find_class(unsigned from) const noexcept;
  std::uint32_t find_block(std::uint64_t offset, std::uint64_t size) const noexcept;
  std::uint32_t new_block();
  void push(std::uint32_t block) noexcept;
  void unlink(std::uint32_t block) noexcept;
  void split(std::uint32_t block, std::uint32_t units, std::uint32_t rest) noexcept;
  std::uint32_t merge(std::uint32_t left, std::uint32_t right) noexcept;

  std::uint32_t units_;
  std::uint32_t used_units_ = 0;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> unused_;           // places in blocks_
  std::unique_ptr<std::uint32_t[], Freed> at_;  // the block that starts at a unit, and is handed out
  std::uint32_t first_[kClasses] = {};          // of the free blocks of each class
  std::uint64_t present_[kClasses / 64] = {};   // which classes have any
};

}  // namespace chi::shm
