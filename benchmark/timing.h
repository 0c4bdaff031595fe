// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The benchmark's clock, what it costs itself, and the loop that times one operation after the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "benchmark/statistics.h"

namespace chi::bench {

using std::chrono::nanoseconds;

inline std::uint64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// How long now_ns() takes. It is part of every time that time_each() takes, floors included.
double clock_cost_ns();

// Runs `operation`, which gives false when it failed, again and again for as long as `slice`. The clock is read once
// for each: a sample lasts from the end of one operation to the end of the next. False when an operation failed.
template <class Operation>
bool time_each(Samples& samples, nanoseconds slice, Operation&& operation) {
  samples.clear();
  const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(slice.count());
  std::uint64_t last = now_ns();
  while (last < end && !samples.full()) {
    if (!operation()) return false;
    const std::uint64_t now = now_ns();
    samples.add(now - last);
    last = now;
  }
  return true;
}

// The same without samples, for what runs at depth: `operation` counts its own; gives the nanoseconds that it took, or
// 0 when an operation failed.
template <class Operation>
std::uint64_t repeat_for(nanoseconds slice, Operation&& operation) {
  const std::uint64_t begin = now_ns();
  const std::uint64_t end = begin + static_cast<std::uint64_t>(slice.count());
  std::uint64_t now = begin;
  while (now < end) {
    if (!operation()) return 0;
    now = now_ns();
  }
  return now - begin;
}

}  // namespace chi::bench
