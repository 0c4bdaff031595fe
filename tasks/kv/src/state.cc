// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements state.h.
#include "state.h"

namespace kv {

std::uint64_t State::growth(std::string_view key, std::size_t value) const {
  const StoredRecord* found = records.find(key);
  if (!found) return record_bytes(key.size(), value);
  return value > found->value().size() ? value - found->value().size() : 0;
}

State::Stored State::put(std::string_view key, std::string_view value, std::uint64_t max_bytes) {
  if (const StoredRecord* found = records.find(key)) {
    const std::size_t before = found->value().size();
    if (value.size() > before && !has_room(value.size() - before, max_bytes)) return Stored::refused;
    if (!found->replace(value)) records.put(key, value);
    value_bytes += value.size() - before;
    return Stored::replaced;
  }
  if (!has_room(record_bytes(key.size(), value.size()), max_bytes)) return Stored::refused;
  records.put(key, value);
  key_bytes += key.size();
  value_bytes += value.size();
  return Stored::added;
}

bool State::erase(std::string_view key) {
  const StoredRecord* found = records.find(key);
  if (!found) return false;
  key_bytes -= found->key().size();
  value_bytes -= found->value().size();
  return records.erase(key);
}

}  // namespace kv
