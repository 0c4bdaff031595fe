// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Copy on write: the slot that counts is never touched, so that a crash at any moment leaves one good map.
#include "map_log.h"

#include <cstring>
#include <utility>
#include <vector>

#include "aligned.h"

namespace bdev {

chi::Task<chi::Status> MapLog::write_slot() {
  const std::uint64_t next = generation_ + 1;
  const std::vector<std::uint8_t> bytes = encode_slot(map_, header_.uuid, next);
  const chi::Buffer memory = aligned_buffer(bytes.size());
  std::memcpy(memory.data(), bytes.data(), bytes.size());
  auto written = co_await transfers_.write(memory, header_.map_slot(next % 2));
  if (!written.ok()) co_return written;
  auto synced = co_await transfers_.sync();
  if (synced.ok()) generation_ = next;
  co_return synced;
}

chi::Task<chi::Status> MapLog::commit(std::function<void()> undo) {
  const std::uint64_t mine = ++changes_;
  const auto guard = co_await writing_.lock();
  if (durable_ >= mine) co_return chi::Status();
  const std::uint64_t all = changes_;
  auto written = co_await write_slot();
  if (written.ok()) {
    durable_ = all;
  } else {
    undo();
  }
  co_return written;
}

}  // namespace bdev
