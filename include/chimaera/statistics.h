// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What modules tell of themselves, in a form that is the same for all of them. `chimaera status` calls each pool's
// method `stat`, if its module has one that reads and whose request needs no field, and shows the reply: whatever is
// in it, and each list of OperationStats as rates and latencies. Beside such a list, in the same struct, `index` says
// which container it is of, and `backend` what stands behind it; both may be left out.
//
//   chi::Meter::Run run(put_);                          // a handler: from here to its end
//   run.done(bytes);                                    // it went well
//   reply.operations = {put_.stats("put"), get_.stats("get")};   // on(const Stat&)
#pragma once

#include <chimaera/ticks.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace chi {

// Of one kind of operation, since its meter was made. Latency is from the handler's begin to its end, those that failed
// included; bucket i of `histogram` counts those of less than 2^i ns that are in no bucket before.
struct OperationStats {
  std::string name;
  std::uint64_t operations = 0;
  std::uint64_t failed = 0;
  std::uint64_t bytes = 0;
  std::uint64_t total_ns = 0;
  std::vector<std::uint64_t> histogram;
  std::uint64_t elapsed_ns = 0;  // since the meter was made
};

// The latency that a share (0 to 1) of what is counted does not exceed, in nanoseconds, estimated in proportion within
// its bucket. 0 where nothing is counted.
inline double percentile_ns(std::span<const std::uint64_t> histogram, double share) noexcept {
  double sum = 0;
  for (const std::uint64_t each : histogram) sum += static_cast<double>(each);
  if (sum == 0) return 0;
  double rest = sum * share;
  double begin = 0;
  double end = 1;
  for (const std::uint64_t each : histogram) {
    const auto count = static_cast<double>(each);
    if (each != 0 && rest <= count) return begin + (end - begin) * rest / count;
    rest -= count;
    begin = end;
    end *= 2;
  }
  return begin;
}

// Counts operations of one kind. Belongs to one lane.
class Meter {
  using Clock = std::chrono::steady_clock;

 public:
  // One operation, from its begin to its end; failed unless it was said to be done.
  class Run {
   public:
    explicit Run(Meter& meter) noexcept : meter_(meter), begin_(Ticks::now()) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() { meter_.count(Ticks::now().ns_since(begin_), done_, bytes_); }
    void done(std::uint64_t bytes = 0) noexcept {
      done_ = true;
      bytes_ = bytes;
    }

   private:
    Meter& meter_;
    Ticks begin_;
    bool done_ = false;
    std::uint64_t bytes_ = 0;
  };

  OperationStats stats(std::string name) const {
    const std::chrono::nanoseconds elapsed = Clock::now() - made_;
    OperationStats out{
        std::move(name), operations_, failed_, bytes_, total_ns_, {}, static_cast<std::uint64_t>(elapsed.count())};
    const auto last = std::find_if(buckets_.rbegin(), buckets_.rend(), [](std::uint64_t n) { return n != 0; });
    out.histogram.assign(buckets_.begin(), last.base());
    return out;
  }

 private:
  void count(std::uint64_t ns, bool done, std::uint64_t bytes) noexcept {
    ++operations_;
    failed_ += done ? 0 : 1;
    bytes_ += bytes;
    total_ns_ += ns;
    ++buckets_[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(ns)), buckets_.size() - 1)];
  }

  Clock::time_point made_ = Clock::now();
  std::uint64_t operations_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t total_ns_ = 0;
  std::array<std::uint64_t, 40> buckets_{};  // the last one: all above
};

}  // namespace chi
