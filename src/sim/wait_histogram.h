// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Times, counted in buckets that are about 3 % wide: percentiles of any number of tasks, in a fixed room. A plain
// value.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace chi::sim {

class WaitHistogram {
 public:
  void add(std::uint64_t ns) {
    ++counts_[bucket(ns)];
    ++count_;
  }
  void add(const WaitHistogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
  }
  std::uint64_t count() const noexcept { return count_; }

  // What a share (0 to 1) of them does not exceed, to the bucket's begin; 0 where there are none.
  std::uint64_t percentile_ns(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (counts_[i] != 0 && (seen > wanted || seen == count_)) return begin(i);
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;  // 32 buckets for each power of two
  static std::size_t bucket(std::uint64_t ns) noexcept {
    if (ns < (1U << kBits)) return static_cast<std::size_t>(ns);
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - kBits - 1;
    return ((static_cast<std::size_t>(shift) + 1) << kBits) + static_cast<std::size_t>((ns >> shift) - (1U << kBits));
  }
  static std::uint64_t begin(std::size_t bucket) noexcept {
    if (bucket < (1U << kBits)) return bucket;
    const std::size_t shift = (bucket >> kBits) - 1;
    return ((bucket & ((1U << kBits) - 1)) + (std::uint64_t{1} << kBits)) << shift;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>((64 - kBits + 1) << kBits);
  std::uint64_t count_ = 0;
};

}  // namespace chi::sim
