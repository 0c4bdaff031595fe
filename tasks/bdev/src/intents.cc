// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The notes of which regions are being written, and what is made of them when a volume is opened.
#include <algorithm>
#include <cstring>
#include <utility>

#include "aligned.h"
#include "bdev_format/crc32c.h"
#include "checksums.h"

namespace bdev {
namespace {

constexpr std::size_t kSumAt = kPage - sizeof(std::uint32_t);

bool is_zero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

// What is not in it counts as not noted from now on, though the device may still have it.
std::vector<std::uint8_t> Checksums::intent_page(std::uint64_t page) {
  std::vector<std::uint8_t> out(kPage);
  const std::uint64_t begin = page * kIntentsPerPage;
  const std::uint64_t end = std::min<std::uint64_t>(regions_.size(), begin + kIntentsPerPage);
  for (std::uint64_t region = begin; region < end; ++region) {
    if (regions_[region].is_behind()) {
      out[(region - begin) / 8] |= static_cast<std::uint8_t>(1u << (region - begin) % 8);
    } else {
      regions_[region].noted = false;
    }
  }
  const std::uint32_t sum = crc32c(std::span(out).first(kSumAt));
  std::memcpy(out.data() + kSumAt, &sum, sizeof sum);
  return out;
}

// Of all regions of a page that are behind.
chi::Task<chi::Status> Checksums::note(std::uint64_t page) {
  const auto guard = co_await noting_.lock();
  const std::vector<std::uint8_t> bytes = intent_page(page);
  const chi::Buffer memory = aligned_buffer(kPage);
  std::memcpy(memory.data(), bytes.data(), kPage);
  auto written = co_await transfers_.write(memory, header_.intents_offset + page * kPage);
  if (!written.ok()) co_return written;
  auto synced = co_await transfers_.sync();
  if (!synced.ok()) co_return synced;
  const std::uint64_t begin = page * kIntentsPerPage;
  for (std::uint64_t region = begin; region < regions_.size() && region - begin < kIntentsPerPage; ++region) {
    const std::uint64_t bit = region - begin;
    if ((bytes[bit / 8] >> bit % 8 & 1) != 0) regions_[region].noted = true;
  }
  co_return chi::Status();
}

chi::Status Checksums::read_intents(Backend& backend, std::vector<bool>& noted) const {
  std::vector<std::uint8_t> bytes(header_.intents_size);
  chi::Status loaded = backend.load(header_.intents_offset, bytes);
  if (!loaded.ok()) return loaded;
  for (std::uint64_t region = 0; region < noted.size(); ++region) {
    const auto page = std::span(bytes).subspan(region / kIntentsPerPage * kPage, kPage);
    std::uint32_t sum = 0;
    std::memcpy(&sum, page.data() + kSumAt, sizeof sum);
    const bool good = sum == crc32c(page.first(kSumAt)) || is_zero(page);  // one cut short: all may be
    const std::uint64_t bit = region % kIntentsPerPage;
    noted[region] = !good || (page[bit / 8] >> bit % 8 & 1) != 0;
  }
  return {};
}

chi::Status Checksums::recompute(Backend& backend, std::uint64_t region) {
  const std::uint64_t begin = region * kIntentRegion;
  if (begin >= header_.geometry.data_size) return {};
  const std::uint64_t size = std::min(kIntentRegion, header_.geometry.data_size - begin);
  std::vector<std::uint8_t> data((size + kPage - 1) / kPage * kPage);
  chi::Status loaded = backend.load(header_.data_offset + begin, data);
  if (loaded.ok()) set({begin, size}, data.data());
  return loaded;
}

void Checksums::close(Backend& backend) {
  if (!persistent_ || !loaded_) return;
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(sums_.data()),
                                            header_.checksums_size);
  chi::Status good;
  for (std::uint64_t page = 0; page < dirty_.size() && good.ok(); ++page) {
    if (dirty_[page]) good = backend.store(header_.checksums_offset + page * kPage, bytes.subspan(page * kPage, kPage));
  }
  if (good.ok()) good = backend.sync_now();
  if (!good.ok()) return;
  for (Region& region : regions_) region.changed = false;
  for (std::uint64_t page = 0; page * kPage < header_.intents_size && good.ok(); ++page) {
    good = backend.store(header_.intents_offset + page * kPage, intent_page(page));
  }
  if (good.ok()) (void)backend.sync_now();
}

chi::Status Checksums::load(Backend& backend) {
  if (!persistent_) return {};
  const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(sums_.data()), header_.checksums_size);
  std::vector<bool> noted(regions_.size());
  chi::Status good = backend.load(header_.checksums_offset, bytes);
  if (good.ok()) good = read_intents(backend, noted);
  for (std::uint64_t region = 0; region < regions_.size() && good.ok(); ++region) {
    if (noted[region]) good = recompute(backend, region);
  }
  if (good.ok() && std::find(noted.begin(), noted.end(), true) != noted.end()) {
    good = backend.store(header_.checksums_offset, bytes);
    if (good.ok()) good = backend.sync_now();
    for (std::uint64_t page = 0; page * kPage < header_.intents_size && good.ok(); ++page) {
      good = backend.store(header_.intents_offset + page * kPage, intent_page(page));
    }
    if (good.ok()) good = backend.sync_now();
  }
  std::fill(dirty_.begin(), dirty_.end(), false);
  loaded_ = good.ok();
  return good;
}

}  // namespace bdev
