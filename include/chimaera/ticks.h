// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Time for statistics: the processor's time stamp counter, which costs a few nanoseconds to read and holds up nothing
// around it, where a clock costs tens on a virtual machine and waits for all loads before it. For durations within one
// run of a program, measured on one thread; a machine whose counter is not constant makes them wrong, no more.
//
//   const chi::Ticks begin = chi::Ticks::now();
//   ...
//   total_ns += chi::Ticks::now().ns_since(begin);
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace chi {

class Ticks {
 public:
  Ticks() noexcept = default;  // before all others
  static Ticks now() noexcept { return Ticks(read()); }
  friend auto operator<=>(const Ticks&, const Ticks&) noexcept = default;

  // Nanoseconds from `begin` to this, to within a thousandth; 0 where the counter went back.
  std::uint64_t ns_since(Ticks begin) const noexcept {
    const std::uint64_t ticks = count_ > begin.count_ ? count_ - begin.count_ : 0;
    return static_cast<std::uint64_t>(static_cast<double>(ticks) * ns_per_tick());
  }

 private:
  explicit Ticks(std::uint64_t count) noexcept : count_(count) {}

#if defined(__x86_64__)
  static std::uint64_t read() noexcept { return __builtin_ia32_rdtsc(); }

  static double ns_per_tick() noexcept {
    static const double ratio = measure();  // takes 200 us, once in each library
    return ratio;
  }

  struct Pair {
    std::int64_t ns;
    std::uint64_t ticks;
  };

  // Of a few, the one whose two readings were closest together: an interrupt may have come between others.
  static Pair read_both() noexcept {
    Pair best{0, 0};
    std::uint64_t least = ~std::uint64_t{0};
    for (int i = 0; i < 5; ++i) {
      const std::uint64_t before = read();
      const std::int64_t ns = std::chrono::steady_clock::now().time_since_epoch().count();
      const std::uint64_t took = read() - before;
      if (took < least) {
        least = took;
        best = {ns, before + took / 2};
      }
    }
    return best;
  }

  static double measure() noexcept {
    constexpr std::int64_t kEnoughNs = 200'000;
    const Pair begin = read_both();
    Pair end = begin;
    while (end.ns - begin.ns < kEnoughNs) end = read_both();
    return static_cast<double>(end.ns - begin.ns) / static_cast<double>(end.ticks - begin.ticks);
  }
#else
  static std::uint64_t read() noexcept {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  static double ns_per_tick() noexcept { return 1; }
#endif

  std::uint64_t count_ = 0;
};

}  // namespace chi
