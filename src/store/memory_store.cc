// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements memory_store.h.
#include "store/memory_store.h"

namespace chi {

Result<std::optional<std::string>> MemoryStore::get(std::string_view key) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Status MemoryStore::write(const WriteBatch& batch, Sync) {
  std::lock_guard lock(mutex_);
  for (const WriteBatch::Change& change : batch.changes()) {
    if (change.value) {
      entries_.insert_or_assign(change.key, *change.value);
    } else {
      entries_.erase(change.key);
    }
  }
  return {};
}

Status MemoryStore::scan(std::string_view prefix, const Visitor& visit) const {
  std::lock_guard lock(mutex_);
  for (auto at = entries_.lower_bound(prefix); at != entries_.end(); ++at) {
    if (!std::string_view(at->first).starts_with(prefix) || !visit(at->first, at->second)) break;
  }
  return {};
}

}  // namespace chi
