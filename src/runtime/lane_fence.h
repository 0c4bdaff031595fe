// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A request that came for a lane while an older one of the same stream may still stand in the ring of another worker
// that has, or had, the lane (docs/design/0008-lane-moves.md). Belongs to the channel that it came through, and to its
// worker's thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "runtime/pool.h"
#include "shm/ring.h"

namespace chi::runtime {

class LaneFence {
 public:
  LaneFence(const shm::RequestSlot& request, const std::uint8_t* inline_bytes, std::uint32_t size,
            const Container& container, unsigned own_worker)
      : size_(size),
        arrival_(container.arrival.load(std::memory_order_relaxed)),
        owners_(container.owners.load(std::memory_order_relaxed) & ~(std::uint64_t{1} << own_worker)) {
    std::memcpy(reinterpret_cast<std::uint8_t*>(&slot_), reinterpret_cast<const std::uint8_t*>(&request), sizeof slot_);
    std::memcpy(bytes_, inline_bytes, size);
  }

  const shm::RequestSlot& slot() const noexcept { return slot_; }
  const std::uint8_t* bytes() const noexcept { return bytes_; }
  std::uint32_t size() const noexcept { return size_; }
  std::uint64_t arrival() const noexcept { return arrival_; }  // of the move that it covers

  // Looks whether an older request waits anywhere. Where none does, the mail that such a request became is on its way
  // already: it is delivered before the turn after this one looks at its channels.
  void look(shm::Stream& stream, Priority priority, unsigned turn) noexcept {
    for (std::uint64_t left = owners_; left != 0; left &= left - 1) {
      const auto worker = static_cast<std::uint32_t>(std::countr_zero(left));
      auto& channel = stream.channel(worker, static_cast<std::uint32_t>(priority));
      if (shm::some_request_waits(channel, [this](const shm::RequestSlot& other) { return goes_first(other); })) return;
      owners_ &= ~(std::uint64_t{1} << worker);
    }
    turn_ = turn;
  }
  bool clear() const noexcept { return owners_ == 0; }
  // How long to wait before the next look: longer each time, for a client that reads no replies is not read from.
  std::uint64_t next_pause_ns() noexcept { return std::exchange(pause_ns_, std::min(2 * pause_ns_, kLongestPauseNs)); }
  bool passed(unsigned turn) const noexcept { return clear() && turn != turn_; }

 private:
  // A younger one may be there, too, behind a fence that looks for this one: of the two, one must not wait.
  bool goes_first(const shm::RequestSlot& other) const noexcept {
    return other.pool == slot_.pool && other.target == slot_.target && other.sequence() < slot_.sequence() &&
           !(other.flags & (shm::kCancel | shm::kRelease));
  }

  static constexpr std::uint64_t kLongestPauseNs = 20'000'000;

  shm::RequestSlot slot_;
  const std::uint32_t size_;
  const std::uint64_t arrival_;
  std::uint64_t owners_;
  unsigned turn_ = 0;
  std::uint64_t pause_ns_ = 20'000;
  std::uint8_t bytes_[shm::kMaxMessageSlots * shm::kCacheLine];
};

// For which lanes a stream's fence is behind it: from then on all its requests come in order by themselves. Belongs to
// a channel.
class LanesFenced {
 public:
  // Whether a request may go on at once. One whose sender looked at the lane map before the latest move may be
  // followed by others that went elsewhere, and so proves nothing for them.
  bool includes(const Container& container, std::uint8_t moves_seen) const noexcept {
    const std::size_t lane = lane_of(container);
    return moves_seen == container.moves.load(std::memory_order_relaxed) && lane < arrivals_.size() &&
           arrivals_[lane] == container.arrival.load(std::memory_order_relaxed);
  }
  void add(const Container& container, std::uint8_t moves_seen) {
    if (moves_seen != container.moves.load(std::memory_order_relaxed)) return;
    const std::size_t lane = lane_of(container);
    if (lane >= arrivals_.size()) arrivals_.resize(std::bit_ceil(lane + 1));
    arrivals_[lane] = container.arrival.load(std::memory_order_relaxed);
  }

 private:
  static std::size_t lane_of(const Container& container) noexcept {
    return std::size_t{container.pool.lane_base} + container.index;
  }

  std::vector<std::uint64_t> arrivals_;  // by lane: the move that was fenced, which no other lane's has the number of
};

}  // namespace chi::runtime
