// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is measured of one task. Part of it; LaneMeter fills and reads it.
#pragma once

#include <cstdint>

#include "chimaera/ticks.h"

namespace chi::runtime {

struct TaskMeter {
  std::uint32_t weight = 0;  // how many tasks it stands for; 0: its time is not measured
  bool failed = false;
  bool began = false;
  bool counted_long = false;
  std::uint64_t bytes = 0;         // of the request, once it began, and of the reply
  std::uint64_t predicted_ns = 0;  // when it was queued
  std::uint64_t request_bytes = 0;
  std::uint64_t handler_ns = 0;  // of the steps that are over
  Ticks admitted;
};

}  // namespace chi::runtime
