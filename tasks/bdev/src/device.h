// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One container's volume: its data and its space. Offsets are of this container's part. Belongs to one lane.
//
// What is in the way of each other is ordered by a lock on ranges, taken before anything else and rounded to what is
// transferred at least: so a change of a part of a block is safe, and space is not freed while it is being used.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/task.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "checksums.h"
#include "map_log.h"
#include "opening.h"
#include "range_lock.h"
#include "transfer.h"

namespace bdev {

class Device {
 public:
  Device(OpenVolume volume, std::uint32_t queue_depth);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device() {  // blocks
    if (checksums_) checksums_->close(*volume_.backend);
  }

  // Blocks: what must be read, or mended, before the first operation.
  chi::Status prepare() { return checksums_ ? checksums_->load(*volume_.backend) : chi::Status(); }

  // Where all is memory and nothing is in the way: done at once, without the frames of the coroutines below, which cost
  // as much as a block. Nothing: it has to wait, use those.
  std::optional<chi::Status> write_now(const chi::Buffer& from, std::uint64_t offset);
  std::optional<chi::Status> read_now(const chi::Buffer& into, std::uint64_t offset);

  // Where the device takes it as it is, with nothing in its way, no checksums, and a place free: on its way, without
  // those frames either. What awaits `moved` gives what came of it to finish(), and keeps all until that has ended.
  // Nothing: use those.
  struct Started {
    RangeLock::Hold held;
    Transfers::Started transfer;
  };
  std::optional<Started> start(const chi::Buffer& memory, std::uint64_t offset, bool write);
  std::optional<chi::Status> ended(chi::Result<std::size_t>& moved, const Range& range, bool write) const;
  chi::Task<chi::Status> finish(Started started, std::size_t moved, chi::Buffer memory, std::uint64_t offset,
                                bool write);

  chi::Task<chi::Status> write(chi::Buffer from, std::uint64_t offset);
  chi::Task<chi::Status> read(chi::Buffer into, std::uint64_t offset);
  chi::Task<chi::Status> zero(Range range, bool release);
  chi::Task<chi::Status> flush();

  chi::Task<chi::Result<std::vector<Range>>> allocate(std::uint64_t size, std::uint64_t max_parts, std::uint64_t owner);
  chi::Task<chi::Status> free(std::vector<Range> ranges);

  // invalid_argument unless it is a range of this volume with something in it.
  chi::Status check(const Range& range) const;

  const Header& header() const noexcept { return volume_.header; }
  const AllocationMap& map() const noexcept { return volume_.map; }
  Backend& backend() noexcept { return *volume_.backend; }
  Transfers& transfers() noexcept { return transfers_; }
  const MapLog& map_log() const noexcept { return map_log_; }

 private:
  using Mode = RangeLock::Mode;

  Range rounded(const Range& range) const noexcept;
  bool fits(const chi::Buffer& memory, const Range& range) const noexcept;
  std::uint64_t at(std::uint64_t offset) const noexcept { return volume_.header.data_offset + offset; }
  std::optional<chi::Status> at_once(const Range& range, Mode mode) const;
  chi::Status check_allocated(const Range& range) const;
  chi::Task<chi::Status> put(chi::Buffer from, std::uint64_t offset);         // whole units, aligned, locked
  chi::Task<chi::Status> take(chi::Buffer into, std::uint64_t offset);        // the same
  chi::Task<chi::Status> write_parts(const std::uint8_t* from, Range range);  // null: zeros
  chi::Task<chi::Status> read_parts(std::uint8_t* into, Range range);
  chi::Task<chi::Status> zero_units(Range range, bool release);
  chi::Task<chi::Status> zero_locked(Range range, bool release);

  OpenVolume volume_;
  std::uint64_t unit_;  // of what is transferred
  Transfers transfers_;
  MapLog map_log_;
  RangeLock locks_;
  std::unique_ptr<Checksums> checksums_;
};

}  // namespace bdev
