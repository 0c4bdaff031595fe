// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where the bytes of a volume lie. An implementation knows nothing of what is in it. Not thread-safe: it belongs to one
// container, and its coroutines to that container's lane.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/io.h>
#include <chimaera/task.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bdev_format/allocation_map.h"

namespace bdev {

struct BackendInfo {
  std::string name;             // as it was asked for
  std::uint64_t alignment = 1;  // of offsets and sizes, a power of two and at most 4096
  std::uint64_t memory_alignment = 1;
  bool direct = false;      // past the page cache
  bool persistent = false;  // there when it is opened again
  bool fresh = false;       // zero wherever nothing was stored since it was opened
};

class Backend {
 public:
  using Transfer = chi::Task<chi::Result<std::size_t>>;

  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual const BackendInfo& info() const noexcept = 0;

  // Give the number of bytes: fewer than asked for is no failure, 0 is the end. What is transferred is aligned.
  virtual Transfer read(chi::Buffer into, std::uint64_t offset) = 0;
  virtual Transfer write(chi::Buffer from, std::uint64_t offset) = 0;

  // The same without a coroutine's frame, where there is nothing to be done but a system call; nothing where there is.
  virtual std::optional<chi::Io::Pending> start_read(const chi::Buffer&, std::uint64_t) { return std::nullopt; }
  virtual std::optional<chi::Io::Pending> start_write(const chi::Buffer&, std::uint64_t) { return std::nullopt; }

  // Once it ends well, all that was written before it began survives a loss of power.
  virtual chi::Task<chi::Status> sync() = 0;

  // What the caller is told of a failure of one of these: where there is no space, how much there is.
  virtual chi::Error explain(chi::Error why) const { return why; }

  // Makes an aligned range zero, and gives its space back where `release`. unimplemented: write zeros instead.
  virtual chi::Task<chi::Status> zero(Range range, bool release) = 0;

  // Not null: all of it lies in memory, to be read and written in place of the above.
  virtual std::uint8_t* memory() noexcept { return nullptr; }

  // What follows blocks the thread, and is for opening alone. Offsets and sizes are multiples of 4096.
  virtual std::uint64_t size() const noexcept = 0;  // 0: there was nothing, and it is new
  virtual chi::Status resize(std::uint64_t size) = 0;
  virtual chi::Status load(std::uint64_t offset, std::span<std::uint8_t> into) = 0;
  virtual chi::Status store(std::uint64_t offset, std::span<const std::uint8_t> from) = 0;
  virtual chi::Status store_zeros(Range range) = 0;
  virtual chi::Status sync_now() = 0;
  virtual void keep() noexcept {}  // a volume was made of it; without that, a file that opening made goes again

  // Whether what is in it, which is no volume, may be written over without a word: says what it is when not.
  virtual chi::Status check_blank() = 0;
};

// What a backend needs of its container.
struct Outside {
  chi::Io io;
  std::function<void(const std::string&)> warn;
  bool files_allowed = false;  // the pool belongs to who may open what the daemon may
};

}  // namespace bdev
