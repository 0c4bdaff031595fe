// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the lanes of a simulation are asked to do: tasks, each at its moment, in order of time.
#pragma once

#include <cstdint>

namespace chi::sim {

struct Arrival {
  std::uint64_t at_ns = 0;
  std::uint32_t lane = 0;
  std::uint64_t service_ns = 0;  // how long its handler runs
};

class Load {
 public:
  virtual ~Load() = default;
  virtual std::uint32_t lanes() const noexcept = 0;

  // The next task; false when there is none. Once false, always false.
  virtual bool next(Arrival& out) = 0;
};

}  // namespace chi::sim
