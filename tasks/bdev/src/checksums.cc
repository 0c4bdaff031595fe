// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Checksums in memory, and what becomes of them at a flush.
#include "checksums.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "aligned.h"
#include "bdev_format/crc32c.h"

namespace bdev {
namespace {

constexpr std::uint64_t kSumsPerPage = kPage / sizeof(std::uint32_t);

}  // namespace

Checksums::Checksums(const Header& header, Transfers& transfers, bool persistent)
    : header_(header), transfers_(transfers), persistent_(persistent), block_(header.geometry.block_size) {
  const std::vector<std::uint8_t> zeros(block_);
  zero_sum_ = crc32c(zeros);
  sums_.resize(header.checksums_size / sizeof(std::uint32_t));
  dirty_.resize(header.checksums_size / kPage);
  regions_.resize((header.geometry.data_size + kIntentRegion - 1) / kIntentRegion);
}

std::uint32_t Checksums::sum(const std::uint8_t* block) const noexcept { return crc32c({block, block_}) ^ zero_sum_; }

void Checksums::set(Range range, const std::uint8_t* data) {
  const std::uint64_t end = std::min<std::uint64_t>(range.end() / block_, sums_.size());
  for (std::uint64_t block = range.offset / block_; block < end; ++block) {
    sums_[block] = data ? sum(data + (block * block_ - range.offset)) : 0;
    dirty_[block / kSumsPerPage] = true;
  }
}

void Checksums::end(Range range, bool known) {
  for (std::uint64_t region = range.offset / kIntentRegion; region * kIntentRegion < range.end(); ++region) {
    --regions_[region].writing;
    regions_[region].changed = true;
    if (!known) regions_[region].unsure = true;
  }
}

void Checksums::end_write(Range range, const std::uint8_t* data) {
  if (data) set(range, data);
  end(range, data != nullptr);
}

void Checksums::end_zero(Range range, bool done) {
  if (done) set(range, nullptr);
  end(range, done);
}

chi::Status Checksums::verify(Range range, const std::uint8_t* data) const {
  const std::uint64_t end = std::min<std::uint64_t>(range.end() / block_, sums_.size());
  for (std::uint64_t block = range.offset / block_; block < end; ++block) {
    if (sum(data + (block * block_ - range.offset)) == sums_[block]) continue;
    return chi::Error{chi::Code::data_loss,
                      "the block at " + std::to_string(block * block_) +
                          " is not what was written there: the device gave other bytes; restore it from a copy, and " +
                          "write it anew",
                      {}};
  }
  return {};
}

chi::Task<chi::Status> Checksums::begin_write(Range range) {
  const std::uint64_t first = range.offset / kIntentRegion;
  const std::uint64_t last = (range.end() - 1) / kIntentRegion;
  for (std::uint64_t region = first; region <= last; ++region) ++regions_[region].writing;
  if (!persistent_) co_return chi::Status();
  chi::Status done;
  for (std::uint64_t region = first; region <= last && done.ok(); ++region) {
    if (regions_[region].noted) continue;
    auto noted = co_await note(region / kIntentsPerPage);
    done = std::move(noted);
  }
  if (!done.ok()) {
    for (std::uint64_t region = first; region <= last; ++region) --regions_[region].writing;
  }
  co_return done;
}

chi::Task<chi::Status> Checksums::write_sums() {
  for (std::uint64_t page = 0; page < dirty_.size(); ++page) {
    if (!dirty_[page]) continue;
    std::uint64_t end = page + 1;
    while (end < dirty_.size() && dirty_[end] && end - page < 256) ++end;
    const std::uint64_t bytes = (end - page) * kPage;
    const chi::Buffer memory = aligned_buffer(bytes);
    std::memcpy(memory.data(), sums_.data() + page * kSumsPerPage, bytes);
    std::fill(dirty_.begin() + static_cast<std::ptrdiff_t>(page), dirty_.begin() + static_cast<std::ptrdiff_t>(end),
              false);
    auto written = co_await transfers_.write(memory, header_.checksums_offset + page * kPage);
    if (!written.ok()) {
      std::fill(dirty_.begin() + static_cast<std::ptrdiff_t>(page), dirty_.begin() + static_cast<std::ptrdiff_t>(end),
                true);
      co_return written;
    }
    page = end - 1;
  }
  co_return chi::Status();
}

chi::Task<chi::Status> Checksums::flush() {
  const auto guard = co_await flushing_.lock();
  for (Region& region : regions_) region.flushing = std::exchange(region.changed, false);
  chi::Status done;
  if (persistent_) {
    auto written = co_await write_sums();
    done = std::move(written);
  }
  if (done.ok()) {
    auto synced = co_await transfers_.sync();
    done = std::move(synced);
  }
  // The notes of those that are no longer behind go with the next note; computing anew what is right does no harm.
  for (Region& region : regions_) {
    if (std::exchange(region.flushing, false) && !done.ok()) region.changed = true;
  }
  co_return done;
}

}  // namespace bdev
