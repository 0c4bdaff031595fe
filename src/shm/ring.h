// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The four ends of a channel's two rings (layout.h says what is in them). Each end belongs to one thread at a time and
// holds its own positions in private memory: what stands in shared memory is checked, never trusted. A message is
// taken out as a whole into private memory, so that nothing changes under whoever looks at it.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/asymmetric_fence.h"
#include "shm/layout.h"

namespace chi::shm {

inline constexpr std::uint32_t kPrefetchSlots = 4;
inline constexpr std::uint32_t kShortRun = 8;  // of messages that are there at once

template <class Slot>
inline constexpr std::uint32_t inline_bytes() {
  return sizeof(Slot::data);
}

// How many slots a message of `size` inline bytes takes.
template <class Slot>
constexpr std::uint32_t slots_for(std::uint32_t size) noexcept {
  return size <= inline_bytes<Slot>() ? 1
                                      : 1 + (size - inline_bytes<Slot>() + kContinuationBytes - 1) / kContinuationBytes;
}

// How many inline bytes a message holds: the payload and its descriptors, or the one descriptor of its body.
inline std::uint32_t inline_size(const RequestSlot& slot) noexcept {
  if (slot.flags & kBodyInArena) return sizeof(BufferDescriptor);
  return slot.payload_size + std::uint32_t{slot.buffers} * sizeof(BufferDescriptor);
}
inline std::uint32_t inline_size(const ReplySlot& slot) noexcept {
  if (slot.flags & kBodyInArena) return sizeof(BufferDescriptor);
  return slot.payload_size + std::uint32_t{slot.buffers} * sizeof(BufferDescriptor);
}

// Writes messages into one ring.
template <class Slot>
class Writer {
 public:
  Writer(Slot* slots, std::atomic<std::uint32_t>* head) : slots_(slots), head_(head) {}

  // The first slot of a message of `count` slots, to be filled and then published; null while the ring is full, and for
  // ever when the other side publishes a head that cannot be.
  Slot* reserve(std::uint32_t count) noexcept {
    if (next_ - 1 + count - seen_head_ > kRingSlots && !reload(count)) return nullptr;
    return &slots_[next_ % kRingSlots];
  }

  // Stores inline bytes of the message that reserve() began: the first in its slot, the rest in those that follow.
  void fill(const void* data, std::uint32_t size) noexcept {
    if (size == 0) return;
    auto* in = static_cast<const std::uint8_t*>(data);
    Slot& first = slots_[next_ % kRingSlots];
    std::uint32_t part = std::min(size, inline_bytes<Slot>());
    std::memcpy(first.data, in, part);
    for (std::uint32_t at = next_ + 1; part < size; ++at) {
      std::uint32_t piece = std::min(size - part, kContinuationBytes);
      std::memcpy(reinterpret_cast<std::uint8_t*>(&slots_[at % kRingSlots]) + sizeof(std::uint32_t), in + part, piece);
      part += piece;
    }
  }

  void publish(std::uint32_t count) noexcept {
    slots_[next_ % kRingSlots].position.store(next_, std::memory_order_release);
    next_ += count;
    for (std::uint32_t i = 0; i < count; ++i) prefetch_for_write(&slots_[(next_ + kPrefetchSlots - i) % kRingSlots]);
  }

  bool has_room(std::uint32_t count) noexcept { return next_ - 1 + count - seen_head_ <= kRingSlots || reload(count); }

 private:
  bool reload(std::uint32_t count) noexcept {
    std::uint32_t head = head_->load(std::memory_order_acquire);
    if (next_ - 1 - head > kRingSlots) return false;  // it claims to have read what was not written
    seen_head_ = head;
    return next_ - 1 + count - head <= kRingSlots;
  }

  Slot* slots_;
  std::atomic<std::uint32_t>* head_;
  std::uint32_t next_ = 1;
  std::uint32_t seen_head_ = 0;
};

// Reads messages out of one ring.
template <class Slot>
class Reader {
 public:
  Reader(Slot* slots, std::atomic<std::uint32_t>* head) : slots_(slots), head_(head) {}

  bool ready() const noexcept { return slots_[next_ % kRingSlots].position.load(std::memory_order_acquire) == next_; }

  // For who waits for one message: when it comes and takes two slots, both cross between the cores at once. Under a
  // stream of messages it would only take from the writer what it is about to write.
  void expect() const noexcept { __builtin_prefetch(&slots_[(next_ + 1) % kRingSlots]); }

  // Before a run of takes. Only in a run that goes on are later slots fetched ahead: a reader close behind its writer
  // would take from it what it is about to write.
  void begin_run() noexcept { run_ = 0; }

  // Copies the next message's first slot to `out` (its position word is left alone) and steps behind the message; a
  // message that claims to be longer than any may be is stepped over by one slot and reported by false. `scratch` holds
  // kMaxMessageSlots * 64 bytes; `bytes` and `size` tell where the inline bytes are. Precondition: ready().
  bool take(Slot& out, std::uint8_t* scratch, const std::uint8_t*& bytes, std::uint32_t& size) noexcept {
    Slot& first = slots_[next_ % kRingSlots];
    last_ = next_;
    std::memcpy(reinterpret_cast<std::uint8_t*>(&out) + sizeof(std::uint32_t),
                reinterpret_cast<std::uint8_t*>(&first) + sizeof(std::uint32_t), sizeof(Slot) - sizeof(std::uint32_t));
    std::atomic_signal_fence(std::memory_order_seq_cst);  // from here on the copy is what counts
    size = inline_size(out);
    std::uint32_t count = slots_for<Slot>(size);
    if (count > kMaxMessageSlots) [[unlikely]] {
      ++next_;
      return false;
    }
    if (++run_ > kShortRun) {
      for (std::uint32_t i = 0; i < count; ++i) __builtin_prefetch(&slots_[(next_ + kPrefetchSlots + i) % kRingSlots]);
    }
    if (count == 1) {
      bytes = out.data;
    } else {
      std::memcpy(scratch, out.data, inline_bytes<Slot>());
      for (std::uint32_t i = 1, at = inline_bytes<Slot>(); i < count; ++i, at += kContinuationBytes) {
        const Slot& more = slots_[(next_ + i) % kRingSlots];
        std::memcpy(scratch + at, reinterpret_cast<const std::uint8_t*>(&more) + sizeof(std::uint32_t),
                    kContinuationBytes);
      }
      bytes = scratch;
    }
    next_ += count;
    return true;
  }

  // Tells the writer what is consumed. What was done with the messages before can be seen by whoever sees the head.
  void publish_head() noexcept { publish(next_ - 1); }
  // The same, without the message of the last take().
  void publish_before_last() noexcept { publish(last_ - 1); }
  // The same when it is due: often enough that the ring never stalls half empty. Call after each message.
  void publish_if_due() noexcept {
    if (next_ - 1 - published_ >= kRingSlots / 4) [[unlikely]]
      publish_head();
  }

 private:
  void publish(std::uint32_t head) noexcept {
    if (published_ == head) return;
    published_ = head;
    head_->store(head, std::memory_order_release);
  }

  Slot* slots_;
  std::atomic<std::uint32_t>* head_;
  std::uint32_t next_ = 1;
  std::uint32_t last_ = 1;
  std::uint32_t run_ = 0;
  std::uint32_t published_ = 0;
};

class RequestWriter : public Writer<RequestSlot> {
 public:
  explicit RequestWriter(Channel& channel) : Writer(channel.requests, &channel.request_head) {}
};
class ReplyWriter : public Writer<ReplySlot> {
 public:
  explicit ReplyWriter(Channel& channel) : Writer(channel.replies, &channel.reply_head) {}
};
class RequestReader : public Reader<RequestSlot> {
 public:
  explicit RequestReader(Channel& channel) : Reader(channel.requests, &channel.request_head) {}
};
class ReplyReader : public Reader<ReplySlot> {
 public:
  explicit ReplyReader(Channel& channel) : Reader(channel.replies, &channel.reply_head) {}
};

// What stands in a ring that another thread reads, as far as this one can see it: whether `wanted(slot)` holds for a
// request behind the published head. `slot` is a copy of its first slot, without the position word. Where reader and
// writer are too fast to be followed it says yes.
template <class F>
bool some_request_waits(Channel& channel, F wanted) noexcept {
  constexpr unsigned kAttempts = 4;
  for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint32_t head = channel.request_head.load(std::memory_order_acquire);
    std::uint32_t next = head + 1;
    std::uint32_t position = next;
    while (next - head <= kRingSlots) {
      RequestSlot& slot = channel.requests[next % kRingSlots];
      position = slot.position.load(std::memory_order_acquire);
      if (position != next) break;
      RequestSlot copy;
      std::memcpy(reinterpret_cast<std::uint8_t*>(&copy) + sizeof(std::uint32_t),
                  reinterpret_cast<std::uint8_t*>(&slot) + sizeof(std::uint32_t),
                  sizeof(RequestSlot) - sizeof(std::uint32_t));
      std::atomic_signal_fence(std::memory_order_seq_cst);  // from here on the copy is what counts
      if (wanted(copy)) return true;
      const std::uint32_t count = slots_for<RequestSlot>(inline_size(copy));
      next += count > kMaxMessageSlots ? 1 : count;
    }
    const bool overtaken = static_cast<std::int32_t>(position - next) > 0;
    if (!overtaken) return false;
  }
  return true;
}

}  // namespace chi::shm
