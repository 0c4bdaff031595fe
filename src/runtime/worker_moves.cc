// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A lane's way from one worker to another, and what keeps each caller's tasks in order meanwhile
// (docs/design/0008-lane-moves.md). Calls and I/O that its tasks wait for stay where they were started and find it by
// its owner; timers go along.
#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "runtime/owned_counter.h"
#include "runtime/worker.h"

namespace chi::runtime {
namespace {

template <class F>
void for_each_operator(Container& container, F visit) {
  container.operations.for_each(visit);
  container.parked.for_each([&](Task& task) { task.waits.for_each(visit); });
}

}  // namespace

void PauseCounts::count(std::uint64_t ns) noexcept {
  const auto width = static_cast<std::size_t>(std::bit_width(ns));
  add_to(buckets[std::min(width, std::size(buckets) - 1)], 1);
  add_to(moves, 1);
  add_to(total_ns, ns);
  if (ns > longest_ns.load(std::memory_order_relaxed)) longest_ns.store(ns, std::memory_order_relaxed);
}

void Task::deliver(Worker& worker) { worker.arrive_by_mail(this); }

// One that comes straight from its sender may have overtaken what the same sender sent to the owner before.
void Worker::arrive(Task* task) {
  Container& container = *task->container;
  if (container.older_on_the_way() == 0 && !container.holding) [[likely]]
    return admit(task);
  task->state = Task::State::held;
  container.held.push(task);
  container.holding = true;
}

void Worker::arrive_by_mail(Task* task) {
  Container& container = *task->container;
  const Container::Owner owner = container.owner();
  if (&owner.worker() != this) return owner.worker().send(task);
  if (std::exchange(task->detour, false)) --container.detours;
  const std::uint8_t lot = task->lot;
  if (lot == owner.lot()) {
    container.on_the_way[lot].fetch_sub(1, std::memory_order_relaxed);
    return arrive(task);
  }
  admit(task);
  count_arrival(container, lot);
}

void Worker::count_arrival(Container& container, std::uint8_t lot) {
  container.on_the_way[lot].fetch_sub(1, std::memory_order_relaxed);
  if (!container.holding || container.older_on_the_way() != 0) return;
  container.holding = false;
  while (Task* task = container.held.pop()) admit(task);
}

// A held task that is to end before its turn.
void Worker::stop_holding(Task& task) {
  Container& container = *task.container;
  container.held.remove(&task);
  container.holding = !container.held.empty();
  admit(&task);
}

Worker::Move Worker::move_lane(Container& container, Worker& to) {
  if (!container.owned_by(*this)) return Move::not_here;
  if (&to == this) return Move::done;
  const bool ends = container.pool.draining.load(std::memory_order_acquire) || !container.self;
  if (ends || container.stuck || container.holding || container.older_on_the_way() != 0) return Move::not_now;
  const std::uint64_t stopped_ns = refresh_now();
  if (trace_) trace_->lane_moves(container, to.index());
  container.holds.fetch_add(1, std::memory_order_relaxed);  // so that it is there when the letter arrives
  make_unrunnable(container);
  for_each_operator(container, [this](Operator& operation) { operation.leave(*this); });
  container.parked.for_each([this](Task& task) {
    timers_.remove(task.deadline);
    if (task.channel) task.channel->send_away(task);
  });
  const std::int64_t queued = std::int64_t{container.lanes[0].tasks.size()} + container.lanes[1].tasks.size();
  add_to(counts_.queued, -queued);
  const auto lane = container.pool.lane_base + container.index;
  const std::uint64_t had_it = std::uint64_t{1} << index() | std::uint64_t{1} << to.index();
  container.owners.store(container.owners.load(std::memory_order_relaxed) | had_it, std::memory_order_relaxed);
  container.arrival.store(seams_.lanes.number_move(), std::memory_order_relaxed);
  add_to(container.moves, 1);
  const auto entry = shm::LaneMap::entry(to.index(), container.epoch, container.moves.load(std::memory_order_relaxed));
  container.give_to(to);
  seams_.lanes.map().entries[lane].store(entry, std::memory_order_release);
  to.run([&container, stopped_ns, queued](Worker& worker) {
    add_to(worker.counts_.queued, queued);
    worker.join_lane(container, stopped_ns);
  });
  gave_lane_ = true;
  // What clients have sent here for the lane goes after it now, not behind the handlers of other lanes.
  for (auto& channels : channels_) {
    for (auto& channel : channels) channel->drain();
  }
  return Move::done;
}

void Worker::expect_lane() noexcept {
  constexpr std::uint64_t kMomentNs = 300'000;
  expects_until_ns_ = refresh_now() + kMomentNs;
}

// What came before this letter found the lane already here, and may have used it.
void Worker::join_lane(Container& container, std::uint64_t stopped_ns) {
  container.holds.fetch_sub(1, std::memory_order_relaxed);
  if (!container.owned_by(*this)) return;
  for_each_operator(container, [this](Operator& operation) { operation.join(*this); });
  container.parked.for_each([this](Task& task) {
    const bool due = task.deadline_ns != 0 && !task.early && !task.deadline.armed();
    if (due) timers_.add(task.deadline);
  });
  make_runnable(container, Priority::low_latency);
  make_runnable(container, Priority::high_throughput);
  counts_.pauses.count(refresh_now() - stopped_ns);
}

}  // namespace chi::runtime
