// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Randomness as the runtime sees it. A source belongs to one thread at a time; fork() makes one for another thread.
// Good enough for load balancing, backoff and identifiers; not for keys.
#pragma once

#include <sys/random.h>

#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace chi {

class Random {
 public:
  virtual ~Random() = default;

  // 64 bits, each as likely 0 as 1.
  virtual std::uint64_t next() noexcept = 0;

  // A source whose numbers have nothing to do with this one's; of a seeded source: the same one each time.
  virtual std::unique_ptr<Random> fork() = 0;
};

// The same numbers for the same seed, on every machine and in every release (SplitMix64).
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept override {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::unique_ptr<Random> fork() override { return std::make_unique<SeededRandom>(next()); }

 private:
  std::uint64_t state_;
};

// Seeded by the kernel: differs from run to run.
class SystemRandom final : public SeededRandom {
 public:
  SystemRandom() noexcept : SeededRandom(kernel_seed()) {}

 private:
  static std::uint64_t kernel_seed() noexcept {
    std::uint64_t seed = 0;
    // Cannot fail for 8 bytes on a kernel that has booted; the time is what is left should a filter forbid it.
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) seed = SystemClock().now_ns();
    return seed;
  }
};

}  // namespace chi
