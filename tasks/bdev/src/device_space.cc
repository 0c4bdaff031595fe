// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Space. What is allocated is zero before the map says that it is allocated; what is freed is free only once the map
// says so. A crash in between leaves it free, or allocated, as it was.
#include <functional>
#include <string>
#include <utility>

#include "device.h"

namespace bdev {

chi::Task<chi::Result<std::vector<Range>>> Device::allocate(std::uint64_t size, std::uint64_t max_parts,
                                                            std::uint64_t owner) {
  const std::uint64_t untouched = volume_.map.used_end();  // zero from there on
  auto taken = volume_.map.allocate(size, max_parts, owner);
  if (!taken.ok()) co_return std::move(taken).error();
  const std::vector<Range> ranges = *std::move(taken);
  const std::function<void()> undo = [this, ranges] {
    auto released = volume_.map.release(ranges);
    if (released.ok()) volume_.map.give_back(ranges);
  };
  // A part of a unit may be at its ends: of another extent, whose users the lock keeps out.
  std::vector<Range> units;
  units.reserve(ranges.size());
  for (const Range& range : ranges) units.push_back(rounded(range));
  chi::Status done;
  bool touched = false;
  {
    auto held = co_await locks_.lock(std::move(units), Mode::exclusive);
    for (const Range& range : ranges) {
      if (range.offset >= untouched || !done.ok()) continue;
      auto zeroed = co_await zero_locked(range, false);
      done = std::move(zeroed);
      touched = true;
    }
  }
  if (done.ok() && touched) {
    auto flushed = co_await flush();
    done = std::move(flushed);
  }
  if (!done.ok()) {
    undo();
    co_return std::move(done).error();
  }
  auto committed = co_await map_log_.commit(undo);
  if (!committed.ok()) co_return std::move(committed).error();
  co_return ranges;
}

chi::Task<chi::Status> Device::free(std::vector<Range> ranges) {
  const std::uint64_t block = volume_.header.geometry.block_size;
  std::vector<Range> units;
  for (const Range& range : ranges) {
    chi::Status good = check(range);
    if (!good.ok()) co_return good;
    if (range.offset % block != 0 || range.size % block != 0) {
      co_return chi::Error{chi::Code::invalid_argument,
                           "only whole blocks can be freed; a block has " + std::to_string(block) + " bytes",
                           {}};
    }
    units.push_back(rounded(range));
  }
  auto held = co_await locks_.lock(std::move(units), Mode::exclusive);
  auto released = volume_.map.release(ranges);
  if (!released.ok()) co_return std::move(released).error();
  const std::function<void()> undo = [this, &released] { volume_.map.undo_release(*released); };
  auto committed = co_await map_log_.commit(undo);
  if (committed.ok()) volume_.map.give_back(ranges);
  co_return committed;
}

}  // namespace bdev
