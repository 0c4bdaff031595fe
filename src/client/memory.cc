// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Loans and where they go back to.
#include "client/memory.h"

#include <chimaera/bytes.h>

#include <limits>
#include <utility>

namespace chi::client {

namespace {

// A reply arena is many times as large.
constexpr std::size_t kMostReleasesKept = 16;
constexpr std::uint64_t kMostReleaseBytesKept = 64 << 10;

}  // namespace

void Memory::add_arena(std::uint32_t segment, shm::Segment memory) {
  auto space = std::make_unique<shm::Arena>(memory.size());
  std::lock_guard lock(mutex_);
  arena_bytes_ += memory.size();
  arenas_.push_back(segment);
  regions_.insert_or_assign(segment, Region{std::move(memory), std::move(space)});
}

void Memory::add_reply_arena(std::uint32_t segment, shm::Segment memory) {
  std::lock_guard lock(mutex_);
  regions_.insert_or_assign(segment, Region{std::move(memory), nullptr});
}

chi_buffer Memory::lend(const Region& region, const shm::BufferDescriptor& range, void (*dispose)(chi_block*)) {
  auto* loan = new Loan;
  loan->references = 1;
  loan->reserved = 0;
  loan->dispose = dispose;
  loan->memory = shared_from_this();
  loan->range = range;
  return {region.memory.data() + range.offset, range.size, loan};
}

std::optional<chi_buffer> Memory::allocate(std::uint64_t size) {
  if (size > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;  // what a descriptor can name
  std::lock_guard lock(mutex_);
  for (auto segment = arenas_.rbegin(); segment != arenas_.rend(); ++segment) {
    Region& region = regions_.at(*segment);
    if (auto offset = region.space->allocate(size)) {
      return lend(region, {*segment, static_cast<std::uint32_t>(size), *offset}, &dispose_arena);
    }
  }
  return std::nullopt;
}

bool Memory::knows(std::uint32_t segment) const {
  std::lock_guard lock(mutex_);
  return regions_.count(segment) != 0;
}

Result<chi_buffer> Memory::borrow(const shm::BufferDescriptor& descriptor) {
  std::lock_guard lock(mutex_);
  auto region = regions_.find(descriptor.segment);
  if (region == regions_.end() || region->second.space ||
      !region->second.memory.contains(descriptor.offset, descriptor.size)) {
    return Error{Code::data_loss, "the daemon's reply names memory that is not there: a bug of the daemon", "client"};
  }
  return lend(region->second, descriptor, &dispose_reply);
}

bool Memory::is_loan(const chi_block* block) noexcept {
  return block && (block->dispose == &dispose_arena || block->dispose == &dispose_reply);
}

// Null for blocks of a connection that has ended, of another client, and of the program's own memory.
const Memory::Loan* Memory::loan_of(const chi_block* block) const noexcept {
  if (!is_loan(block)) return nullptr;
  const auto* loan = static_cast<const Loan*>(block);
  return loan->memory.get() == this ? loan : nullptr;
}

std::optional<chi_buffer> Memory::share(chi_block* block, const shm::BufferDescriptor& part) const {
  const Loan* loan = loan_of(block);
  if (!loan || loan->range.segment != part.segment || part.offset < loan->range.offset) return std::nullopt;
  std::uint64_t at = part.offset - loan->range.offset;
  if (at > loan->range.size || part.size > loan->range.size - at) return std::nullopt;
  std::lock_guard lock(mutex_);
  detail::block_add_reference(block);
  return chi_buffer{regions_.at(part.segment).memory.data() + part.offset, part.size, block};
}

bool Memory::describe(const chi_buffer& buffer, shm::BufferDescriptor& out) const noexcept {
  const Loan* loan = loan_of(buffer.block);
  if (!loan) return false;
  std::lock_guard lock(mutex_);
  auto offset = static_cast<std::uint64_t>(buffer.data - regions_.at(loan->range.segment).memory.data());
  if (offset < loan->range.offset || offset - loan->range.offset > loan->range.size ||
      buffer.size > loan->range.size - (offset - loan->range.offset)) {
    return false;
  }
  out = {loan->range.segment, static_cast<std::uint32_t>(buffer.size), offset};
  return true;
}

void Memory::dispose_arena(chi_block* block) {
  if (static_cast<Loan*>(block)->memory->inherited()) return;
  std::unique_ptr<Loan> loan(static_cast<Loan*>(block));
  Memory& self = *loan->memory;
  std::lock_guard lock(self.mutex_);
  self.regions_.at(loan->range.segment).space->free(loan->range.offset, loan->range.size);
  self.returns_.fetch_add(1, std::memory_order_release);
}

void Memory::dispose_reply(chi_block* block) {
  if (static_cast<Loan*>(block)->memory->inherited()) return;
  std::unique_ptr<Loan> loan(static_cast<Loan*>(block));
  Memory& self = *loan->memory;
  std::lock_guard lock(self.mutex_);
  self.add_release(loan->range);
}

void Memory::add_release(const shm::BufferDescriptor& range) {
  releases_.push_back(range);
  release_bytes_ += range.size;
  if (releases_.size() >= kMostReleasesKept || release_bytes_ >= kMostReleaseBytesKept) {
    releases_due_.store(true, std::memory_order_relaxed);
  }
}

std::vector<shm::BufferDescriptor> Memory::take_releases() {
  std::lock_guard lock(mutex_);
  releases_due_.store(false, std::memory_order_relaxed);
  release_bytes_ = 0;
  return std::exchange(releases_, {});
}

void Memory::put_back(const std::vector<shm::BufferDescriptor>& releases) {
  std::lock_guard lock(mutex_);
  for (const shm::BufferDescriptor& range : releases) add_release(range);
}

std::uint64_t Memory::arena_bytes() const {
  std::lock_guard lock(mutex_);
  return arena_bytes_;
}

}  // namespace chi::client
