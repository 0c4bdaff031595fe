// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which workers are for lanes with long tasks, and how much work each worker is to have of either kind.
//
// Balance comes first. Where the kinds can have workers of their own without any worker getting more than its share, or
// while all of them have time to spare, they get them. Else long work fills whole workers as far as it goes, and its
// rest shares one worker with short work; all others are free of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "loads.h"

namespace worch_queue_least_loaded {

// How much work of one kind the workers are to have, lanes that are fixed left out.
struct Quotas {
  std::vector<double> load;  // by position
  std::vector<bool> takes;   // whether it may have lanes of the kind at all
};

struct Split {
  bool apart = false;
  Quotas long_work;
  Quotas short_work;
};

class Splitter {
 public:
  // Remembers who had long work alone: what is good enough stays.
  Split split(const Loads& loads);

 private:
  std::size_t choose(const Loads& loads, double long_load, double short_load, std::size_t most_long,
                     std::size_t most_short) const;

  std::unordered_set<std::uint32_t> long_workers_;
};

}  // namespace worch_queue_least_loaded
