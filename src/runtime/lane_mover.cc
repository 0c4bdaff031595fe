// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Orders, by mail to whoever has the lane.
#include "runtime/lane_mover.h"

#include <algorithm>
#include <atomic>

namespace chi::runtime {

struct LaneMover::Tally {
  explicit Tally(std::size_t orders) : latch(orders) {}
  Latch latch;
  std::atomic<std::uint32_t> moved{0};
  std::atomic<std::uint32_t> refused{0};
};

LaneMover::Outcome LaneMover::move(const std::vector<Order>& orders, std::chrono::nanoseconds patience) {
  const auto count = static_cast<std::uint32_t>(orders.size());
  if (count == 0) return {};
  const bool done = !last_ || last_->latch.wait_for(patience);
  if (!done || !crew_.on_each(patience, [](Worker&) {})) return {0, count, 0};
  auto tally = last_ = std::make_shared<Tally>(orders.size());
  for (const Order& order : orders) {
    Container& container = *order.pool->containers[order.container];
    Worker& to = crew_.worker(order.to);
    // By way of the new owner, which is awake then, and waits for it.
    to.run([&container, tally, pool = order.pool](Worker& expecting) {
      expecting.expect_lane();
      container.worker().run([&container, &expecting, tally, pool](Worker& worker) {
        auto& counter = worker.move_lane(container, expecting) == Worker::Move::done ? tally->moved : tally->refused;
        counter.fetch_add(1, std::memory_order_relaxed);
        tally->latch.arrive();
      });
    });
  }
  tally->latch.wait_for(patience);
  const std::uint32_t moved = tally->moved.load();
  const std::uint32_t refused = tally->refused.load();
  return {moved, refused, count - moved - refused};
}

}  // namespace chi::runtime
