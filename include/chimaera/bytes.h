// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Two kinds of bytes in requests, replies and states.
//
// Bytes is a value: a copy is a copy. Its memory may still be a loan (a client's arena, a reply that the daemon wrote
// there), which a move passes on and a copy turns into memory of one's own: storing a copy is always safe.
// Buffer is a reference: all copies name the same region, which sender and receiver share. A handler may read and write
// it until it replies; the caller's view of it is defined again once the call has ended.
// Loaned bytes may change while they are read, for their other side may be hostile: validate a copy, never in place.
// Both: no internal locking; the reference count alone is atomic.
#pragma once

#include <chimaera/abi.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace chi {

namespace detail {

inline void block_add_reference(chi_block* block) noexcept {
  if (block) __atomic_fetch_add(&block->references, 1, __ATOMIC_RELAXED);
}

inline void block_release(chi_block* block) noexcept {
  if (!block || __atomic_fetch_sub(&block->references, 1, __ATOMIC_ACQ_REL) != 1) return;
  if (block->dispose) {
    block->dispose(block);
  } else {
    std::free(block);
  }
}

}  // namespace detail

// A counted reference to a region of shared bytes; see above.
class Buffer {
 public:
  Buffer() = default;

  // Memory of this process, zeroed. Throws std::bad_alloc.
  static Buffer allocate(std::size_t size) {
    void* memory = std::calloc(1, sizeof(chi_block) + size);
    if (!memory) throw std::bad_alloc();
    auto* block = static_cast<chi_block*>(memory);
    block->references = 1;
    return adopt({reinterpret_cast<std::uint8_t*>(block + 1), size, block});
  }

  // Takes over the reference that `raw.block` stands for.
  static Buffer adopt(chi_buffer raw) noexcept {
    Buffer out;
    out.raw_ = raw;
    return out;
  }

  // NOLINTBEGIN(clang-analyzer-unix.Malloc): the last reference frees, and the analyzer does not count them
  Buffer(const Buffer& other) noexcept : raw_(other.raw_) { detail::block_add_reference(raw_.block); }
  Buffer(Buffer&& other) noexcept : raw_(std::exchange(other.raw_, {})) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Buffer() { detail::block_release(raw_.block); }

  std::uint8_t* data() const noexcept { return raw_.data; }
  std::size_t size() const noexcept { return raw_.size; }
  bool empty() const noexcept { return raw_.size == 0; }
  std::span<std::uint8_t> span() const noexcept { return {raw_.data, raw_.size}; }
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(raw_.data), raw_.size}; }

  // The part [offset, offset + size) of the same region; clamped to it.
  Buffer slice(std::size_t offset, std::size_t size) const noexcept {
    Buffer out = *this;
    if (offset > raw_.size) offset = raw_.size;
    out.raw_.data += offset;
    out.raw_.size = size < raw_.size - offset ? size : raw_.size - offset;
    return out;
  }

  const chi_buffer& raw() const noexcept { return raw_; }
  // NOLINTEND(clang-analyzer-unix.Malloc)

 private:
  chi_buffer raw_{};
};

// A sequence of bytes by value; see above.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::size_t size) : region_(Buffer::allocate(size)) {}
  Bytes(const void* data, std::size_t size) {
    if (size == 0) return;
    region_ = Buffer::allocate(size);
    std::memcpy(region_.data(), data, size);
  }
  Bytes(std::string_view text) : Bytes(text.data(), text.size()) {}         // NOLINT: a string literal is a value
  Bytes(const std::string& text) : Bytes(std::string_view(text)) {}         // NOLINT: as above
  Bytes(const char* text) : Bytes(std::string_view(text)) {}                // NOLINT: as above
  Bytes(std::span<const std::uint8_t> in) : Bytes(in.data(), in.size()) {}  // NOLINT: as above

  // The loan itself, without a copy: see the top of this file.
  static Bytes from(Buffer region) noexcept {
    Bytes out;
    out.region_ = std::move(region);
    return out;
  }

  // Refers to memory that stays the caller's, and must stay as it is while this or what it is moved to is in use. In a
  // reply of a handler that is a plain function: until the container's next handler runs, so its state will do.
  static Bytes borrow(const void* data, std::size_t size) noexcept {
    auto* bytes = const_cast<std::uint8_t*>(static_cast<const std::uint8_t*>(data));
    return from(Buffer::adopt({bytes, size, nullptr}));
  }

  Bytes(const Bytes& other) : Bytes(other.data(), other.size()) {}
  Bytes(Bytes&&) noexcept = default;
  Bytes& operator=(const Bytes& other) {
    if (this != &other) *this = Bytes(other);
    return *this;
  }
  Bytes& operator=(Bytes&&) noexcept = default;
  ~Bytes() = default;

  std::uint8_t* data() noexcept { return region_.data(); }
  const std::uint8_t* data() const noexcept { return region_.data(); }
  std::size_t size() const noexcept { return region_.size(); }
  bool empty() const noexcept { return region_.empty(); }
  std::string_view view() const noexcept { return region_.view(); }
  std::span<const std::uint8_t> span() const noexcept { return region_.span(); }
  const Buffer& region() const noexcept { return region_; }

  friend bool operator==(const Bytes& a, const Bytes& b) noexcept { return a.view() == b.view(); }

 private:
  Buffer region_;
};

}  // namespace chi
