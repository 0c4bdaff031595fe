// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements state.h.
#include "state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kv {

// The seed is an address, which is another one in each process: who sends keys cannot choose colliding ones. Nothing
// that a caller sees depends on it.
std::size_t KeyHash::operator()(std::string_view key) const noexcept {
  static constexpr char kSomewhere = 0;
  return XXH3_64bits_withSeed(key.data(), key.size(), reinterpret_cast<std::uintptr_t>(&kSomewhere));
}

std::uint64_t State::growth(std::string_view key, std::size_t value) const {
  const auto found = records.find(key);
  if (found == records.end()) return record_bytes(key.size(), value);
  return value > found->second.size() ? value - found->second.size() : 0;
}

State::Stored State::put(std::string_view key, std::string_view value, std::uint64_t max_bytes) {
  const auto found = records.find(key);
  if (found != records.end()) {
    const std::size_t before = found->second.size();
    if (value.size() > before && !has_room(value.size() - before, max_bytes)) return Stored::refused;
    found.value().assign(value);
    value_bytes += value.size() - before;
    return Stored::replaced;
  }
  if (!has_room(record_bytes(key.size(), value.size()), max_bytes)) return Stored::refused;
  records.emplace(std::string(key), std::string(value));
  key_bytes += key.size();
  value_bytes += value.size();
  return Stored::added;
}

bool State::erase(std::string_view key) {
  const auto found = records.find(key);
  if (found == records.end()) return false;
  key_bytes -= found->first.size();
  value_bytes -= found->second.size();
  records.erase(found);
  return true;
}

}  // namespace kv
