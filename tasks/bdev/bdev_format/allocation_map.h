// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which parts of a volume are allocated, to whom, and which are free. In memory; map_slot.h is its form on the device.
// Offsets and sizes are bytes of the volume, whole blocks. Not thread-safe.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace bdev {

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  std::uint64_t end() const noexcept { return offset + size; }
  bool overlaps(const Range& other) const noexcept { return offset < other.end() && other.offset < end(); }
};

struct Allocated {
  Range range;
  std::uint64_t owner = 0;
};

class AllocationMap {
 public:
  // `max_extents`: as many allocated ones as its form on the device has room for.
  AllocationMap(std::uint64_t size, std::uint32_t block_size, std::uint64_t max_extents);

  // Takes space out of what is free: the smallest extent that is enough, else the largest ones until it is, at most
  // `max_parts` of them. resource_exhausted, naming what is free, when there is not so much; nothing has changed then.
  chi::Result<std::vector<Range>> allocate(std::uint64_t size, std::uint64_t max_parts, std::uint64_t owner);

  // Adds an extent that is allocated already. False, and nothing changes, when it is not free.
  bool add(const Allocated& extent);

  // Ends the allocation of these ranges, all or none: no longer allocated, and not free before give_back. Gives what
  // they were, for undo. failed_precondition when a part is not allocated.
  chi::Result<std::vector<Allocated>> release(std::span<const Range> ranges);
  void give_back(std::span<const Range> ranges);
  void undo_release(std::span<const Allocated> extents);

  bool covers(const Range& range) const noexcept;  // whether all of it is allocated

  // How far it was ever allocated: behind that, a file is as it was made.
  std::uint64_t used_end() const noexcept { return used_end_; }
  void set_used_end(std::uint64_t end) noexcept { used_end_ = end; }

  std::vector<Allocated> list(std::uint64_t from, std::optional<std::uint64_t> owner, std::size_t limit) const;
  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t free() const noexcept { return free_; }
  std::uint64_t largest_free() const noexcept { return by_size_.empty() ? 0 : by_size_.rbegin()->first; }
  std::uint64_t allocated() const noexcept { return allocated_; }
  std::uint64_t extents() const noexcept { return extents_.size(); }

 private:
  struct Owned {
    std::uint64_t size;
    std::uint64_t owner;
  };
  using Extents = std::map<std::uint64_t, Owned>;

  chi::Error no_space(std::uint64_t size, std::uint64_t max_parts) const;
  void add_free(Range range);
  void remove_free(std::map<std::uint64_t, std::uint64_t>::iterator at);
  void take_free(const Range& range);
  void insert(const Allocated& extent);
  void cut(const Range& range, std::vector<Allocated>& out);

  std::uint64_t size_;
  std::uint32_t block_size_;
  std::uint64_t max_extents_;
  std::uint64_t used_end_ = 0;
  std::uint64_t free_ = 0;
  std::uint64_t allocated_ = 0;
  Extents extents_;
  std::map<std::uint64_t, std::uint64_t> by_offset_;           // free: offset, size
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_size_;  // free: size, offset
};

}  // namespace bdev
