// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// When calls are due, at which container, and how long each computes: drawn beforehand, the same ones for the same
// seed, so that whatever is compared gets the same calls at the same times. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace chi::bench {

struct Mix {
  bool skewed = false;
  std::uint32_t containers = 16;
  std::uint32_t workers = 2;
  double busy = 0.5;  // share of each worker's time in handlers, once the work is spread evenly
  std::uint32_t small_us = 20;
  std::uint32_t long_us = 5000;
  double long_part = 0.1;  // of the calls, at each container alike
};

struct Arrival {
  std::uint64_t due_ns = 0;  // since the first one could be
  std::uint32_t container = 0;
  std::uint32_t work_us = 0;
};

// A container's part of the calls. Skewed: 1 / n^kZipfExponent (keys.h) for the n-th most popular container, and the
// popular ones are those that placing by number gives to one worker: with two workers 0, 2, 4 and so on, then 1, 3, 5.
std::vector<double> parts_of_containers(const Mix& mix);

// Of all containers together.
double calls_per_s(const Mix& mix);

// A Poisson process: calls come independently of each other and of what has been answered.
std::vector<Arrival> draw_arrivals(const Mix& mix, std::chrono::nanoseconds length, std::uint64_t seed);

}  // namespace chi::bench
