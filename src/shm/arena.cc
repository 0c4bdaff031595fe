// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Size classes: 8 between each power of two and the next. A request looks first in the classes all of whose blocks are
// large enough, then, a bounded number of times, in its own, where some are.
#include "shm/arena.h"

#include <algorithm>
#include <bit>
#include <new>

namespace chi::shm {

unsigned Arena::class_of(std::uint32_t units) noexcept {
  if (units < kSubClasses) return units;
  auto log = static_cast<unsigned>(std::bit_width(units) - 1);
  unsigned sub = (units >> (log - kSubBits)) & (kSubClasses - 1);
  return (log - kSubBits + 1) * kSubClasses + sub;
}

std::uint32_t Arena::units_for(std::uint64_t size) noexcept {
  return static_cast<std::uint32_t>((std::max<std::uint64_t>(size, 1) + kAlignment - 1) / kAlignment);
}

Arena::Arena(std::uint64_t size) : units_(static_cast<std::uint32_t>(std::min(size, kMaxSize) / kAlignment)) {
  // calloc: a table for a large region takes memory only where blocks begin.
  at_.reset(static_cast<std::uint32_t*>(std::calloc(std::size_t{units_} + 1, sizeof(std::uint32_t))));
  if (!at_) throw std::bad_alloc();
  blocks_.resize(1);
  if (units_ == 0) return;
  std::uint32_t whole = new_block();
  blocks_[whole].units = units_;
  push(whole);
}

std::uint32_t Arena::new_block() {
  if (!unused_.empty()) {
    std::uint32_t place = unused_.back();
    unused_.pop_back();
    blocks_[place] = Block{};
    return place;
  }
  blocks_.emplace_back();
  unused_.reserve(blocks_.capacity());  // so that giving a block back never needs memory
  return static_cast<std::uint32_t>(blocks_.size() - 1);
}

void Arena::push(std::uint32_t block) noexcept {
  Block& b = blocks_[block];
  unsigned c = class_of(b.units);
  b.free = true;
  b.previous = kNone;
  b.next = first_[c];
  if (b.next != kNone) blocks_[b.next].previous = block;
  first_[c] = block;
  present_[c / 64] |= std::uint64_t{1} << (c % 64);
}

void Arena::unlink(std::uint32_t block) noexcept {
  Block& b = blocks_[block];
  unsigned c = class_of(b.units);
  if (b.previous != kNone) {
    blocks_[b.previous].next = b.next;
  } else {
    first_[c] = b.next;
    if (b.next == kNone) present_[c / 64] &= ~(std::uint64_t{1} << (c % 64));
  }
  if (b.next != kNone) blocks_[b.next].previous = b.previous;
  b.free = false;
}

std::uint32_t Arena::find_class(unsigned from) const noexcept {
  for (unsigned word = from / 64; word < kClasses / 64; ++word) {
    std::uint64_t bits = present_[word];
    if (word == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
    if (bits) return first_[word * 64 + static_cast<unsigned>(std::countr_zero(bits))];
  }
  return kNone;
}

std::uint32_t Arena::find(std::uint32_t units) const noexcept {
  unsigned own = class_of(units);
  // The classes of at most kSubClasses * 2 units hold blocks of one size only.
  if (units < kSubClasses * 2) return find_class(own);
  std::uint32_t block = find_class(own + 1);
  if (block != kNone) return block;
  block = first_[own];
  for (unsigned look = 0; block != kNone && look < kLooks; ++look) {
    if (blocks_[block].units >= units) return block;
    block = blocks_[block].next;
  }
  return kNone;
}

// Units to be left out at the beginning of a free block, so that what is cut from it begins at a page.
std::uint32_t Arena::gap_before_page(std::uint32_t block) const noexcept {
  return (kPageUnits - blocks_[block].start % kPageUnits) % kPageUnits;
}

// A block with so many units from a page on, if a bounded search finds one.
std::uint32_t Arena::find_at_page(std::uint32_t units) const noexcept {
  const std::uint32_t fits = find(units);
  if (fits == kNone || gap_before_page(fits) <= blocks_[fits].units - units) return fits;
  return units_ - units >= kPageUnits ? find(units + kPageUnits - 1) : kNone;
}

// Cuts `rest`, a new block, off the end of `block`.
void Arena::split(std::uint32_t block, std::uint32_t units, std::uint32_t rest) noexcept {
  Block& b = blocks_[block];
  Block& r = blocks_[rest];
  r.start = b.start + units;
  r.units = b.units - units;
  r.before = block;
  r.after = b.after;
  if (b.after != kNone) blocks_[b.after].before = rest;
  b.after = rest;
  b.units = units;
  push(rest);
}

std::optional<std::uint64_t> Arena::allocate(std::uint64_t size) noexcept {
  if (size > this->size()) return std::nullopt;
  std::uint32_t units = units_for(size);
  std::uint32_t block = size >= kPage ? find_at_page(units) : kNone;
  std::uint32_t gap = block == kNone ? 0 : gap_before_page(block);
  if (block == kNone) block = find(units);
  if (block == kNone) return std::nullopt;
  std::uint32_t whole = kNone;
  std::uint32_t rest = kNone;
  try {
    if (gap != 0) whole = new_block();
    if (blocks_[block].units - gap > units) rest = new_block();
  } catch (const std::bad_alloc&) {
    if (whole != kNone) unused_.push_back(whole);
    return std::nullopt;
  }
  unlink(block);
  if (gap != 0) {
    split(block, gap, whole);
    push(block);
    unlink(whole);
    block = whole;
  }
  if (rest != kNone) split(block, units, rest);
  Block& b = blocks_[block];
  b.slack = static_cast<std::uint8_t>(std::uint64_t{units} * kAlignment - size);
  at_[b.start] = block;
  used_units_ += units;
  return std::uint64_t{b.start} * kAlignment;
}

std::uint32_t Arena::find_block(std::uint64_t offset, std::uint64_t size) const noexcept {
  if (offset % kAlignment != 0 || offset >= this->size() || size > this->size()) return kNone;
  std::uint32_t block = at_[offset / kAlignment];
  if (block == kNone) return kNone;
  const Block& b = blocks_[block];
  return std::uint64_t{b.units} * kAlignment - b.slack == size ? block : kNone;
}

bool Arena::holds(std::uint64_t offset, std::uint64_t size) const noexcept { return find_block(offset, size) != kNone; }

// Makes one block of two neighbours that are in no list.
std::uint32_t Arena::merge(std::uint32_t left, std::uint32_t right) noexcept {
  Block& l = blocks_[left];
  const Block& r = blocks_[right];
  l.units += r.units;
  l.after = r.after;
  if (l.after != kNone) blocks_[l.after].before = left;
  unused_.push_back(right);
  return left;
}

bool Arena::free(std::uint64_t offset, std::uint64_t size) noexcept {
  std::uint32_t block = find_block(offset, size);
  if (block == kNone) return false;
  at_[blocks_[block].start] = kNone;
  used_units_ -= blocks_[block].units;
  std::uint32_t before = blocks_[block].before;
  if (before != kNone && blocks_[before].free) {
    unlink(before);
    block = merge(before, block);
  }
  std::uint32_t after = blocks_[block].after;
  if (after != kNone && blocks_[after].free) {
    unlink(after);
    block = merge(block, after);
  }
  push(block);
  return true;
}

}  // namespace chi::shm
