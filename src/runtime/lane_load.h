// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a container's lane has done and has before it. Part of the container, so it goes where the lane goes.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/owned_counter.h"

namespace chi::runtime {

// Written by the thread that has the lane's worker; read by any. Counts of tasks and bytes are exact, times are sums of
// samples where steps are so short that to measure each would cost more than it is worth (sampler.h).
struct LaneLoad {
  std::atomic<std::uint32_t> queued{0};           // admitted and not begun
  std::atomic<std::uint64_t> expected_ns{0};      // what those will take, by the load model
  std::atomic<std::uint64_t> handler_ns{0};       // in handlers
  std::atomic<std::uint64_t> wait_ns{0};          // from admission to begin
  std::atomic<std::uint64_t> bytes{0};            // of requests and replies
  std::atomic<std::uint64_t> high_throughput{0};  // tasks of this priority
  std::atomic<std::uint64_t> long_tasks{0};       // of methods that are long-running
  std::atomic<std::uint64_t> declared_long{0};    // of those, of methods that say so themselves
  std::atomic<std::uint64_t> longest_ns{0};       // the longest step ever
  std::atomic<std::uint64_t> orphan_since_ns{0};  // a step of it has a thread of its own since then; 0: none has
  std::atomic<const char*> orphan_method{""};     // whose; lives as long as the module
  std::uint64_t orphan_ns = 0;                    // how long that took, once it has ended; 0: it was not measured

  bool orphaned() const noexcept { return orphan_since_ns.load(std::memory_order_relaxed) != 0; }
  // How long a step of it has had a thread of its own by `now_ns`; 0: none has.
  std::uint64_t orphaned_ns(std::uint64_t now_ns) const noexcept {
    const std::uint64_t since_ns = orphan_since_ns.load(std::memory_order_relaxed);
    return since_ns == 0 || since_ns > now_ns ? 0 : now_ns - since_ns;
  }

  void step_took(std::uint64_t ns, std::uint32_t weight) noexcept {
    add_to(handler_ns, ns * weight);
    if (ns > longest_ns.load(std::memory_order_relaxed)) longest_ns.store(ns, std::memory_order_relaxed);
    if (ns > longest_since_.load(std::memory_order_relaxed)) longest_since_.store(ns, std::memory_order_relaxed);
  }

  // The longest step since this was called last; for one reader. A step that ends meanwhile counts before or after.
  std::uint64_t take_longest() noexcept { return longest_since_.exchange(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> longest_since_{0};
};

}  // namespace chi::runtime
