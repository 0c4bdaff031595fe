// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Counters that one thread changes and any may read: no locked instruction.
#pragma once

#include <atomic>

namespace chi::runtime {

template <class T, class By>
void add_to(std::atomic<T>& counter, By by) noexcept {
  const T now = counter.load(std::memory_order_relaxed);
  counter.store(static_cast<T>(now + static_cast<T>(by)), std::memory_order_relaxed);
}

template <class T>
T value_of(const std::atomic<T>& counter) noexcept {
  return counter.load(std::memory_order_relaxed);
}

}  // namespace chi::runtime
