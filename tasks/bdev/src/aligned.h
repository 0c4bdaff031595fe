// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Memory that a device without a cache takes.
#pragma once

#include <chimaera/bytes.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace bdev {

inline constexpr std::size_t kMemoryAlignment = 4096;

inline bool is_aligned(const void* memory, std::size_t alignment) noexcept {
  return reinterpret_cast<std::uintptr_t>(memory) % alignment == 0;
}

// Memory that begins at a page, not zeroed. Throws std::bad_alloc.
inline chi::Buffer aligned_buffer(std::size_t size) {
  void* memory = std::aligned_alloc(kMemoryAlignment, (size / kMemoryAlignment + 2) * kMemoryAlignment);
  if (!memory) throw std::bad_alloc();
  auto* block = static_cast<chi_block*>(memory);
  *block = {1, 0, nullptr};
  return chi::Buffer::adopt({static_cast<std::uint8_t*>(memory) + kMemoryAlignment, size, block});
}

inline chi::Buffer zeroed_buffer(std::size_t size) {
  chi::Buffer out = aligned_buffer(size);
  std::memset(out.data(), 0, size);
  return out;
}

}  // namespace bdev
