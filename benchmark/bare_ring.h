// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The least that two processes can do for each other: two rings of 64-byte slots in shared memory, a request one way, a
// reply the other, nothing checked, nothing decoded, nobody asleep. What all figures are compared with.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "base/asymmetric_fence.h"

namespace chi::bench {

inline constexpr std::uint32_t kBareSlots = 256;
inline constexpr std::uint32_t kBareAhead = 4;

// `position` counts from 1, and says that the message is there.
struct alignas(64) BareSlot {
  std::atomic<std::uint32_t> position;
  std::uint8_t data[60];
};

struct BareRing {
  BareSlot slots[kBareSlots];

  BareSlot& at(std::uint32_t position) noexcept { return slots[position % kBareSlots]; }
  bool has(std::uint32_t position) noexcept {
    return at(position).position.load(std::memory_order_acquire) == position;
  }

  void put(std::uint32_t position, std::uint64_t value) noexcept {
    BareSlot& slot = at(position);
    std::memcpy(slot.data, &value, sizeof(value));
    slot.position.store(position, std::memory_order_release);
    prefetch_for_write(&at(position + kBareAhead));
  }
  std::uint64_t get(std::uint32_t position) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, at(position).data, sizeof(value));
    __builtin_prefetch(&at(position + kBareAhead));
    return value;
  }
};

struct BareChannel {
  BareRing requests;
  BareRing replies;
};

// The client's end. At most kBareSlots requests may be under way. One thread at a time.
class BareClient {
 public:
  explicit BareClient(BareChannel& channel) noexcept : channel_(&channel) {}

  void send() noexcept {
    channel_->requests.put(sent_ + 1, sent_);
    ++sent_;
  }

  // Takes the next reply if it is there. False: it is not.
  bool receive() noexcept {
    if (!channel_->replies.has(received_ + 1)) return false;
    intact_ &= channel_->replies.get(received_ + 1) == received_;
    ++received_;
    return true;
  }

  std::uint32_t under_way() const noexcept { return sent_ - received_; }

  // Whether every reply was its request's.
  bool intact() const noexcept { return intact_; }

 private:
  BareChannel* channel_;
  std::uint32_t sent_ = 0;
  std::uint32_t received_ = 0;
  bool intact_ = true;
};

// The other end: answers what has come, at most `limit` of it; gives how many that were.
class BareServer {
 public:
  unsigned serve(BareChannel& channel, unsigned limit) noexcept {
    unsigned count = 0;
    for (; count < limit && channel.requests.has(next_); ++count, ++next_) {
      channel.replies.put(next_, channel.requests.get(next_));
    }
    return count;
  }

 private:
  std::uint32_t next_ = 1;
};

}  // namespace chi::bench
