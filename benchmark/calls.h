// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls as the workloads make them: one after the other, or so many under way. Each remembers the first failure, which
// ends the workload. One thread at a time.
#pragma once

#include <chimaera/pool.h>
#include <chimaera/result.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "benchmark/statistics.h"
#include "benchmark/timing.h"

namespace chi::bench {

// The first failure of many calls.
class FirstFailure {
 public:
  // Whether the call went well.
  template <class T>
  bool check(const Result<T>& result) {
    if (result.ok()) [[likely]]
      return true;
    if (status_.ok()) status_ = result.error();
    return false;
  }
  const Status& status() const noexcept { return status_; }

 private:
  Status status_;
};

// Keeps `depth` calls under way, and takes them in the order in which they were made.
template <class Reply>
class Window {
 public:
  explicit Window(unsigned depth) : calls_(depth) {}

  // Takes each call that is under way, and makes another with `make(i)`, i counting from 0 to depth - 1. False when one
  // failed.
  template <class Make>
  bool turn(Make&& make) {
    for (unsigned i = 0; i < calls_.size(); ++i) {
      if (begun_ && !failure_.check(calls_[i].get())) return false;
      calls_[i] = make(i);
    }
    if (begun_) done_ += calls_.size();
    begun_ = true;
    return true;
  }

  // Waits for what is under way.
  bool finish() {
    if (!begun_) return true;
    for (auto& call : calls_) {
      if (!failure_.check(call.get())) return false;
    }
    begun_ = false;
    done_ += calls_.size();
    return true;
  }

  std::uint64_t done() const noexcept { return done_; }
  const Status& status() const noexcept { return failure_.status(); }

 private:
  std::vector<Future<Reply>> calls_;
  FirstFailure failure_;
  std::uint64_t done_ = 0;
  bool begun_ = false;
};

inline constexpr unsigned kCallsBetweenLooks = 256;  // at the clock

// Calls a second of a window that `turn` takes on; the first tenth of the time does not count.
template <class Reply, class Turn>
Result<double> window_rate(Window<Reply>& window, nanoseconds slice, const Turn& turn) {
  if (repeat_for(slice / 10, turn) == 0) return window.status().error();
  const std::uint64_t before = window.done();
  const std::uint64_t ns = repeat_for(slice, turn);
  if (ns == 0) return window.status().error();
  const std::uint64_t done = window.done() - before;
  if (!window.finish()) return window.status().error();
  return ratio(static_cast<double>(done) * 1e9, static_cast<double>(ns));
}

// Calls of one kind a second, `depth` of them under way.
template <class Request>
Result<double> call_for(const Pool& pool, unsigned depth, nanoseconds slice) {
  Window<typename Request::Reply> window(depth);
  const auto turn = [&] {
    for (unsigned calls = 0; calls < kCallsBetweenLooks; calls += depth) {
      if (!window.turn([&](unsigned) { return pool.call<Request>(); })) return false;
    }
    return true;
  };
  return window_rate(window, slice, turn);
}

}  // namespace chi::bench
