// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The hash is seeded with an address, which is another one in each process: who sends keys cannot choose colliding
// ones. Nothing that a caller sees depends on it.
#include "records.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kv {

StoredRecord::StoredRecord(std::string_view key, std::string_view value)
    : block_(static_cast<Block*>(std::malloc(sizeof(Block) + key.size() + value.size()))) {
  if (!block_) throw std::bad_alloc();
  block_->key_size = static_cast<std::uint32_t>(key.size());
  block_->capacity = block_->value_size = static_cast<std::uint32_t>(value.size());
  if (!key.empty()) std::memcpy(block_->bytes(), key.data(), key.size());
  if (!value.empty()) std::memcpy(block_->bytes() + key.size(), value.data(), value.size());
}

bool StoredRecord::replace(std::string_view value) const noexcept {
  if (value.size() > block_->capacity || value.size() < block_->capacity / 2) return false;
  block_->value_size = static_cast<std::uint32_t>(value.size());
  if (!value.empty()) std::memcpy(block_->bytes() + block_->key_size, value.data(), value.size());
  return true;
}

std::size_t Records::Hash::operator()(std::string_view key) const noexcept {
  static constexpr char kSomewhere = 0;
  return XXH3_64bits_withSeed(key.data(), key.size(), reinterpret_cast<std::uintptr_t>(&kSomewhere));
}

void Records::put(std::string_view key, std::string_view value) {
  const auto found = table_.find(key);
  if (found != table_.end() && found->replace(value)) return;
  StoredRecord made(key, value);
  if (found != table_.end()) table_.erase(found);  // its place is the new one's, so that nothing has to grow
  table_.insert(std::move(made));
}

}  // namespace kv
