// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Data that the device takes as it is. device_parts.cc has the rest.
#include "device.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "aligned.h"

namespace bdev {
namespace {

std::string text_of(const Range& range) {
  return "the range of " + std::to_string(range.size) + " bytes at " + std::to_string(range.offset);
}

std::uint64_t unit_of(const OpenVolume& volume) {
  const std::uint64_t alignment = volume.backend->info().alignment;
  return volume.header.geometry.checksums ? std::max<std::uint64_t>(alignment, volume.header.geometry.block_size)
                                          : alignment;
}

}  // namespace

Device::Device(OpenVolume volume, std::uint32_t queue_depth)
    : volume_(std::move(volume)),
      unit_(unit_of(volume_)),
      transfers_(*volume_.backend, queue_depth),
      map_log_(transfers_, volume_.header, volume_.map, volume_.generation) {
  if (volume_.header.geometry.checksums) {
    checksums_ = std::make_unique<Checksums>(volume_.header, transfers_, volume_.backend->info().persistent);
  }
}

chi::Status Device::check(const Range& range) const {
  if (range.size == 0) return chi::Error{chi::Code::invalid_argument, "the size is 0: there is nothing to do", {}};
  const std::uint64_t size = volume_.header.geometry.data_size;
  if (range.offset < size && range.size <= size - range.offset) return {};
  return chi::Error{chi::Code::invalid_argument,
                    text_of(range) + " is not in the volume, which has " + std::to_string(size) + " bytes",
                    {}};
}

chi::Status Device::check_allocated(const Range& range) const {
  if (volume_.map.covers(range)) return {};
  return chi::Error{chi::Code::failed_precondition, text_of(range) + " is not allocated, or not all of it", {}};
}

// May go beyond the end of the data, where a unit is larger than a block: there is room.
Range Device::rounded(const Range& range) const noexcept {
  const std::uint64_t part = unit_ - 1;  // of a power of two
  const std::uint64_t begin = range.offset & ~part;
  return {begin, ((range.end() + part) & ~part) - begin};
}

bool Device::fits(const chi::Buffer& memory, const Range& range) const noexcept {
  return ((range.offset | range.size) & (unit_ - 1)) == 0 &&
         is_aligned(memory.data(), volume_.backend->info().memory_alignment);
}

chi::Task<chi::Status> Device::put(chi::Buffer from, std::uint64_t offset) {
  const Range range{offset, from.size()};
  if (checksums_) {
    auto intended = co_await checksums_->begin_write(range);
    if (!intended.ok()) co_return intended;
  }
  chi::Status done;
  if (std::uint8_t* memory = volume_.backend->memory()) {
    std::memcpy(memory + at(offset), from.data(), from.size());
  } else {
    auto written = co_await transfers_.write(from, at(offset));
    done = std::move(written);
  }
  if (checksums_) checksums_->end_write(range, done.ok() ? from.data() : nullptr);
  co_return done;
}

chi::Task<chi::Status> Device::take(chi::Buffer into, std::uint64_t offset) {
  if (const std::uint8_t* memory = volume_.backend->memory()) {
    std::memcpy(into.data(), memory + at(offset), into.size());
  } else {
    auto got = co_await transfers_.read(into, at(offset));
    if (!got.ok()) co_return got;
  }
  if (checksums_) co_return checksums_->verify({offset, into.size()}, into.data());
  co_return chi::Status();
}

// Whether it can be done now, and if so, whether it may.
std::optional<chi::Status> Device::at_once(const Range& range, Mode mode) const {
  if (!volume_.backend->memory() || checksums_) return std::nullopt;
  chi::Status good = check(range);
  if (!good.ok()) return good;
  if (!locks_.is_free(rounded(range), mode)) return std::nullopt;
  return check_allocated(range);
}

std::optional<chi::Status> Device::write_now(const chi::Buffer& from, std::uint64_t offset) {
  std::optional<chi::Status> good = at_once({offset, from.size()}, Mode::exclusive);
  if (good && good->ok()) std::memcpy(volume_.backend->memory() + at(offset), from.data(), from.size());
  return good;
}

std::optional<chi::Status> Device::read_now(const chi::Buffer& into, std::uint64_t offset) {
  std::optional<chi::Status> good = at_once({offset, into.size()}, Mode::shared);
  if (good && good->ok()) std::memcpy(into.data(), volume_.backend->memory() + at(offset), into.size());
  return good;
}

chi::Task<chi::Status> Device::write(chi::Buffer from, std::uint64_t offset) {
  const Range range{offset, from.size()};
  chi::Status good = check(range);
  if (!good.ok()) co_return good;
  RangeLock::Hold held = locks_.try_lock(rounded(range), Mode::exclusive);
  if (!held.held()) {
    std::vector<Range> wanted(1, rounded(range));
    auto waited = co_await locks_.lock(std::move(wanted), Mode::exclusive);
    held = std::move(waited);
  }
  good = check_allocated(range);
  if (!good.ok()) co_return good;
  if (fits(from, range)) {
    co_return co_await put(from, offset);
  }
  co_return co_await write_parts(from.data(), range);
}

chi::Task<chi::Status> Device::read(chi::Buffer into, std::uint64_t offset) {
  const Range range{offset, into.size()};
  chi::Status good = check(range);
  if (!good.ok()) co_return good;
  RangeLock::Hold held = locks_.try_lock(rounded(range), Mode::shared);
  if (!held.held()) {
    std::vector<Range> wanted(1, rounded(range));
    auto waited = co_await locks_.lock(std::move(wanted), Mode::shared);
    held = std::move(waited);
  }
  good = check_allocated(range);
  if (!good.ok()) co_return good;
  if (fits(into, range)) {
    co_return co_await take(into, offset);
  }
  co_return co_await read_parts(into.data(), range);
}

std::optional<Device::Started> Device::start(const chi::Buffer& memory, std::uint64_t offset, bool write) {
  const Range range{offset, memory.size()};
  if (checksums_ || !fits(memory, range) || !check(range).ok() || !volume_.map.covers(range)) return std::nullopt;
  RangeLock::Hold held = locks_.try_lock(range, write ? Mode::exclusive : Mode::shared);
  if (!held.held()) return std::nullopt;
  auto transfer = transfers_.start(memory, at(offset), !write);
  if (!transfer) return std::nullopt;
  return Started{std::move(held), *std::move(transfer)};
}

std::optional<chi::Status> Device::ended(chi::Result<std::size_t>& moved, const Range& range, bool write) const {
  const Range there{at(range.offset), range.size};
  return transfers_.ended(moved, there, !write);
}

// What a transfer has left, which was short: its range is still held.
chi::Task<chi::Status> Device::finish(Started started, std::size_t moved, chi::Buffer memory, std::uint64_t offset,
                                      bool write) {
  started.transfer.place.release();
  const std::size_t whole = moved & ~(unit_ - 1);
  const chi::Buffer rest = memory.slice(whole, memory.size() - whole);
  auto transfer = write ? transfers_.write(rest, at(offset) + whole) : transfers_.read(rest, at(offset) + whole);
  co_return co_await transfer;
}

chi::Task<chi::Status> Device::flush() {
  if (!checksums_) {
    co_return co_await transfers_.sync();
  }
  co_return co_await checksums_->flush();
}

}  // namespace bdev
