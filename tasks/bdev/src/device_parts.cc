// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Data that the device does not take as it is: by way of aligned memory, a piece at a time, whose units at both ends
// are read first where they are not covered.
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "aligned.h"
#include "device.h"

namespace bdev {
namespace {

constexpr std::uint64_t kBounce = 1 << 20;

}  // namespace

chi::Task<chi::Status> Device::write_parts(const std::uint8_t* from, Range range) {
  const Range all = rounded(range);
  const chi::Buffer bounce = aligned_buffer(std::min(all.size, kBounce));
  for (std::uint64_t piece = all.offset; piece < all.end(); piece += kBounce) {
    const Range here{piece, std::min(kBounce, all.end() - piece)};
    const std::uint64_t begin = std::max(here.offset, range.offset);
    const std::uint64_t end = std::min(here.end(), range.end());
    const std::uint64_t last = here.size - unit_;
    if (begin > here.offset || (end < here.end() && last == 0)) {
      auto first = co_await take(bounce.slice(0, unit_), here.offset);
      if (!first.ok()) co_return first;
    }
    if (end < here.end() && last > 0) {
      auto tail = co_await take(bounce.slice(last, unit_), here.offset + last);
      if (!tail.ok()) co_return tail;
    }
    std::uint8_t* into = bounce.data() + (begin - here.offset);
    if (from) {
      std::memcpy(into, from + (begin - range.offset), end - begin);
    } else {
      std::memset(into, 0, end - begin);
    }
    auto written = co_await put(bounce.slice(0, here.size), here.offset);
    if (!written.ok()) co_return written;
  }
  co_return chi::Status();
}

chi::Task<chi::Status> Device::read_parts(std::uint8_t* into, Range range) {
  const Range all = rounded(range);
  const chi::Buffer bounce = aligned_buffer(std::min(all.size, kBounce));
  for (std::uint64_t piece = all.offset; piece < all.end(); piece += kBounce) {
    const Range here{piece, std::min(kBounce, all.end() - piece)};
    auto got = co_await take(bounce.slice(0, here.size), here.offset);
    if (!got.ok()) co_return got;
    const std::uint64_t begin = std::max(here.offset, range.offset);
    const std::uint64_t end = std::min(here.end(), range.end());
    std::memcpy(into + (begin - range.offset), bounce.data() + (begin - here.offset), end - begin);
  }
  co_return chi::Status();
}

chi::Task<chi::Status> Device::zero_units(Range range, bool release) {
  if (checksums_) {
    auto intended = co_await checksums_->begin_write(range);
    if (!intended.ok()) co_return intended;
  }
  const Range target{at(range.offset), range.size};
  auto done = co_await transfers_.zero(target, release);
  if (checksums_) checksums_->end_zero(range, done.ok());
  co_return done;
}

chi::Task<chi::Status> Device::zero_locked(Range range, bool release) {
  const std::uint64_t first = (range.offset + unit_ - 1) / unit_ * unit_;
  const std::uint64_t last = range.end() / unit_ * unit_;
  if (first >= last) {
    co_return co_await write_parts(nullptr, range);
  }
  const Range middle{first, last - first};
  auto done = co_await zero_units(middle, release);
  const Range before{range.offset, first - range.offset};
  const Range behind{last, range.end() - last};
  if (done.ok() && before.size > 0) {
    auto written = co_await write_parts(nullptr, before);
    done = std::move(written);
  }
  if (done.ok() && behind.size > 0) {
    auto written = co_await write_parts(nullptr, behind);
    done = std::move(written);
  }
  co_return done;
}

chi::Task<chi::Status> Device::zero(Range range, bool release) {
  chi::Status good = check(range);
  if (!good.ok()) co_return good;
  std::vector<Range> wanted(1, rounded(range));
  auto held = co_await locks_.lock(std::move(wanted), Mode::exclusive);
  good = check_allocated(range);
  if (!good.ok()) co_return good;
  co_return co_await zero_locked(range, release);
}

}  // namespace bdev
