// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Counts operations of one kind, with their latencies in powers of two. Belongs to one lane.
#pragma once

#include <bdev/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <string>

namespace bdev {

class Meter {
 public:
  // One operation, from its begin to its end; failed unless it was said to be done.
  class Run {
   public:
    explicit Run(Meter& meter) noexcept : meter_(meter), begin_(std::chrono::steady_clock::now()) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() { meter_.count(std::chrono::steady_clock::now() - begin_, done_, bytes_); }
    void done(std::uint64_t bytes = 0) noexcept {
      done_ = true;
      bytes_ = bytes;
    }

   private:
    Meter& meter_;
    std::chrono::steady_clock::time_point begin_;
    bool done_ = false;
    std::uint64_t bytes_ = 0;
  };

  OperationStats stats(std::string name) const {
    OperationStats out{std::move(name), operations_, failed_, bytes_, total_ns_, {}};
    const auto last = std::find_if(buckets_.rbegin(), buckets_.rend(), [](std::uint64_t n) { return n != 0; });
    out.histogram.assign(buckets_.begin(), last.base());
    return out;
  }

 private:
  void count(std::chrono::nanoseconds took, bool done, std::uint64_t bytes) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    ++operations_;
    failed_ += done ? 0 : 1;
    bytes_ += bytes;
    total_ns_ += ns;
    ++buckets_[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(ns)), buckets_.size() - 1)];
  }

  std::uint64_t operations_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t total_ns_ = 0;
  std::array<std::uint64_t, 40> buckets_{};  // the last one: all above
};

}  // namespace bdev
