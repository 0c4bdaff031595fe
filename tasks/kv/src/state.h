// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a container of kv holds: its records, and how much they take. A plain value; not thread-safe.
#pragma once

#include <chimaera/method.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "records.h"

namespace kv {

inline constexpr std::uint64_t kRecordOverhead = 128;  // table slot at least load, and an allocation

constexpr std::uint64_t record_bytes(std::size_t key, std::size_t value) noexcept {
  return key + value + kRecordOverhead;
}

struct State {
  Records records;
  std::uint64_t key_bytes = 0;
  std::uint64_t value_bytes = 0;

  std::uint64_t bytes() const noexcept { return key_bytes + value_bytes + records.size() * kRecordOverhead; }

  bool has_room(std::uint64_t more, std::uint64_t max_bytes) const noexcept {
    return max_bytes == 0 || more == 0 || (bytes() < max_bytes && more <= max_bytes - bytes());
  }

  // By how much bytes() would grow; 0 when it would not.
  std::uint64_t growth(std::string_view key, std::size_t value) const;

  // Refused: bytes() would grow, beyond `max_bytes` (0: no limit). When memory runs out, std::bad_alloc, and nothing
  // has changed.
  enum class Stored { added, replaced, refused };
  Stored put(std::string_view key, std::string_view value, std::uint64_t max_bytes);

  // Whether there was a record of that key.
  bool erase(std::string_view key);
};

}  // namespace kv
