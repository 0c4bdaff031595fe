// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Time as the client reads it: the coarse clock (about 5 ns to read, late by up to a kernel tick) where a call begins,
// the precise one only where a thread waits anyway. Pure functions.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>

#include "shm/layout.h"

namespace chi::client {

inline constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();
// Ticks are compared modulo 2^32; this is far from the half of it, and no call lasts longer.
inline constexpr std::uint64_t kLongestNs = std::uint64_t{1} << 50;  // 13 days

inline std::uint64_t read_clock(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}
inline std::uint64_t precise_now() noexcept { return read_clock(CLOCK_MONOTONIC); }
inline std::uint64_t coarse_now() noexcept { return read_clock(CLOCK_MONOTONIC_COARSE); }

// How far the coarse clock may be behind.
inline std::uint64_t coarse_lag() noexcept {
  timespec step{};
  clock_getres(CLOCK_MONOTONIC_COARSE, &step);
  return static_cast<std::uint64_t>(step.tv_nsec);
}

inline std::uint64_t bounded_ns(std::chrono::nanoseconds span) noexcept {
  if (span.count() <= 0) return 0;
  return std::min(static_cast<std::uint64_t>(span.count()), kLongestNs);
}

// A period as a request slot has it: at least one, at most 71 minutes.
inline std::uint32_t to_microseconds(std::uint64_t ns) noexcept {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(ns / 1000, 1, std::numeric_limits<std::uint32_t>::max()));
}

// A time in the units of a request slot: rounded up, and never 0, which means none.
inline std::uint32_t to_ticks(std::uint64_t ns) noexcept {
  auto ticks = static_cast<std::uint32_t>((ns + shm::kTickNs - 1) / shm::kTickNs);
  return ticks == 0 ? 1 : ticks;
}

}  // namespace chi::client
