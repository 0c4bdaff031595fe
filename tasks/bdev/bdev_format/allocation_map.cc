// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Extents in order of their offsets; neighbours of one owner, and neighbours that are free, are one.
#include "bdev_format/allocation_map.h"

#include <algorithm>
#include <string>

namespace bdev {

AllocationMap::AllocationMap(std::uint64_t size, std::uint32_t block_size, std::uint64_t max_extents)
    : size_(size), block_size_(block_size), max_extents_(max_extents) {
  add_free({0, size});
}

void AllocationMap::add_free(Range range) {
  free_ += range.size;
  auto after = by_offset_.lower_bound(range.offset);
  if (after != by_offset_.end() && after->first == range.end()) {
    range.size += after->second;
    by_size_.erase({after->second, after->first});
    after = by_offset_.erase(after);
  }
  if (after != by_offset_.begin()) {
    auto before = std::prev(after);
    if (before->first + before->second == range.offset) {
      range = {before->first, before->second + range.size};
      by_size_.erase({before->second, before->first});
      by_offset_.erase(before);
    }
  }
  by_offset_.emplace(range.offset, range.size);
  by_size_.emplace(range.size, range.offset);
}

void AllocationMap::remove_free(std::map<std::uint64_t, std::uint64_t>::iterator at) {
  free_ -= at->second;
  by_size_.erase({at->second, at->first});
  by_offset_.erase(at);
}

// Precondition: all of it is free.
void AllocationMap::take_free(const Range& range) {
  auto at = std::prev(by_offset_.upper_bound(range.offset));
  const Range whole{at->first, at->second};
  remove_free(at);
  if (whole.offset < range.offset) add_free({whole.offset, range.offset - whole.offset});
  if (range.end() < whole.end()) add_free({range.end(), whole.end() - range.end()});
}

void AllocationMap::insert(const Allocated& extent) {
  allocated_ += extent.range.size;
  used_end_ = std::max(used_end_, extent.range.end());
  Range range = extent.range;
  auto after = extents_.lower_bound(range.offset);
  if (after != extents_.end() && after->first == range.end() && after->second.owner == extent.owner) {
    range.size += after->second.size;
    after = extents_.erase(after);
  }
  if (after != extents_.begin()) {
    auto before = std::prev(after);
    if (before->first + before->second.size == range.offset && before->second.owner == extent.owner) {
      before->second.size += range.size;
      return;
    }
  }
  extents_.emplace(range.offset, Owned{range.size, extent.owner});
}

chi::Error AllocationMap::no_space(std::uint64_t size, std::uint64_t max_parts) const {
  std::string text = "no space for " + std::to_string(size) + " bytes";
  if (max_parts < by_offset_.size()) text += " in " + std::to_string(max_parts) + " extents";
  text += ": " + std::to_string(free_) + " of " + std::to_string(size_) + " are free, " +
          std::to_string(largest_free()) + " at most in one piece; free some, ask for less, or make a larger volume";
  return {chi::Code::resource_exhausted, std::move(text), {}};
}

chi::Result<std::vector<Range>> AllocationMap::allocate(std::uint64_t size, std::uint64_t max_parts,
                                                        std::uint64_t owner) {
  if (size == 0) return chi::Error{chi::Code::invalid_argument, "size is 0: there is nothing to allocate", {}};
  if (size > free_) return no_space(size, max_parts);
  size = (size + block_size_ - 1) / block_size_ * block_size_;
  std::vector<Range> out;
  if (auto fit = by_size_.lower_bound({size, 0}); fit != by_size_.end()) {
    out.push_back({fit->second, size});
  } else {
    std::uint64_t left = size;
    for (auto next = by_size_.rbegin(); left > 0 && next != by_size_.rend() && out.size() < max_parts; ++next) {
      out.push_back({next->second, std::min(left, next->first)});
      left -= out.back().size;
    }
    if (left > 0) return no_space(size, max_parts);
  }
  if (extents_.size() + out.size() > max_extents_) {
    return chi::Error{chi::Code::resource_exhausted,
                      "the allocation map is full, with " + std::to_string(extents_.size()) +
                          " extents: free some, and allocate larger ones",
                      {}};
  }
  for (const Range& range : out) {
    take_free(range);
    insert({range, owner});
  }
  return out;
}

bool AllocationMap::add(const Allocated& extent) {
  const Range& range = extent.range;
  auto at = by_offset_.upper_bound(range.offset);
  if (range.size == 0 || at == by_offset_.begin()) return false;
  --at;
  const std::uint64_t skipped = range.offset - at->first;
  if (skipped >= at->second || range.size > at->second - skipped) return false;
  take_free(range);
  insert(extent);
  return true;
}

bool AllocationMap::covers(const Range& range) const noexcept {
  auto at = extents_.upper_bound(range.offset);
  if (at == extents_.begin()) return false;
  --at;
  std::uint64_t reached = at->first + at->second.size;
  if (reached <= range.offset) return false;
  while (reached < range.end()) {
    ++at;
    if (at == extents_.end() || at->first != reached) return false;
    reached += at->second.size;
  }
  return true;
}

// Takes an allocated range out, and adds what it was to `out`.
void AllocationMap::cut(const Range& range, std::vector<Allocated>& out) {
  auto at = std::prev(extents_.upper_bound(range.offset));
  while (at != extents_.end() && at->first < range.end()) {
    const Allocated whole{{at->first, at->second.size}, at->second.owner};
    at = extents_.erase(at);
    const std::uint64_t begin = std::max(whole.range.offset, range.offset);
    const std::uint64_t end = std::min(whole.range.end(), range.end());
    if (whole.range.offset < begin) {
      extents_.emplace(whole.range.offset, Owned{begin - whole.range.offset, whole.owner});
    }
    if (end < whole.range.end()) extents_.emplace(end, Owned{whole.range.end() - end, whole.owner});
    allocated_ -= end - begin;
    out.push_back({{begin, end - begin}, whole.owner});
  }
}

chi::Result<std::vector<Allocated>> AllocationMap::release(std::span<const Range> ranges) {
  std::vector<Range> sorted(ranges.begin(), ranges.end());
  std::sort(sorted.begin(), sorted.end(), [](const Range& a, const Range& b) { return a.offset < b.offset; });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const bool twice = i > 0 && sorted[i].offset < sorted[i - 1].end();
    if (!twice && covers(sorted[i])) continue;
    return chi::Error{chi::Code::failed_precondition,
                      "the extent of " + std::to_string(sorted[i].size) + " bytes at " +
                          std::to_string(sorted[i].offset) +
                          (twice ? " is in the list twice" : " is not allocated, or not all of it"),
                      {}};
  }
  std::vector<Allocated> out;
  for (const Range& range : sorted) cut(range, out);
  if (extents_.size() <= max_extents_) return out;
  undo_release(out);
  return chi::Error{
      chi::Code::resource_exhausted, "the allocation map has no room for parts of extents: free whole ones", {}};
}

void AllocationMap::give_back(std::span<const Range> ranges) {
  for (const Range& range : ranges) add_free(range);
}

void AllocationMap::undo_release(std::span<const Allocated> extents) {
  for (const Allocated& extent : extents) insert(extent);
}

std::vector<Allocated> AllocationMap::list(std::uint64_t from, std::optional<std::uint64_t> owner,
                                           std::size_t limit) const {
  std::vector<Allocated> out;
  for (auto at = extents_.lower_bound(from); at != extents_.end() && out.size() < limit; ++at) {
    if (!owner || *owner == at->second.owner) out.push_back({{at->first, at->second.size}, at->second.owner});
  }
  return out;
}

}  // namespace bdev
