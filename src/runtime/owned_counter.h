// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Counters that one thread changes and any may read: no locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace chi::runtime {

template <class T>
void bump(std::atomic<T>& counter, std::int64_t by) noexcept {
  const T now = counter.load(std::memory_order_relaxed);
  counter.store(static_cast<T>(now + static_cast<T>(by)), std::memory_order_relaxed);
}

}  // namespace chi::runtime
