// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Moves lanes, many at once, and says what became of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/crew.h"

namespace chi::runtime {

class LaneMover {
 public:
  struct Order {
    std::shared_ptr<Pool> pool;  // kept until the order is carried out
    std::uint32_t container = 0;
    std::uint32_t to = 0;
  };
  struct Outcome {
    std::uint32_t moved = 0;
    std::uint32_t refused = 0;  // that could not be moved just now
    std::uint32_t late = 0;     // whose worker has not come to it: it will when its handler lets it
  };

  explicit LaneMover(Crew& crew) : crew_(crew) {}

  // Each lane at most once. Nothing is moved, and all are refused, while an earlier order is not carried out, or a
  // worker has not been heard of since: then a task may still be on its way by what was true before.
  Outcome move(const std::vector<Order>& orders, std::chrono::nanoseconds patience);

 private:
  struct Tally;

  Crew& crew_;
  std::shared_ptr<Tally> last_;
};

}  // namespace chi::runtime
