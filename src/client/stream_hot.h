// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The parts of Stream that every call runs through, to be inlined where they are used. Where fields are written one by
// one they are not read back as a whole, nor copied: such a load waits until the stores have left the store buffer,
// behind the ring's cache misses.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "client/request.h"
#include "client/stream.h"

namespace chi::client {

// Gives the entry of `next_sequence_`, whose number it moves over those whose entries are still in use. Null when all
// are, or when there are no more numbers.
inline Entry* Stream::find_free() noexcept {
  for (std::uint32_t look = 0; look < entry_count_ && next_sequence_ < shm::kMostSequences; ++look, ++next_sequence_) {
    Entry& entry = entry_of(next_sequence_);
    if (entry.state == 0) return &entry;
  }
  return nullptr;
}

inline void Stream::advance_incomplete() noexcept {
  while (first_incomplete_ < next_sequence_) {
    const Entry& entry = entry_of(first_incomplete_);
    if (entry.sequence == first_incomplete_ && (entry.state & (kBusy | kOver)) == kBusy) return;
    ++first_incomplete_;
  }
}

[[gnu::always_inline]] inline void Stream::remember(Entry& entry, const OpenPool& target, const Request& request) {
  entry.sequence = next_sequence_++;
  entry.pool = target.pool;
  entry.deadline_ns = request.repeats ? kForever - kGraceNs : request.deadline_ns;
  entry.channel = static_cast<std::uint8_t>(request.channel);
  entry.state = static_cast<std::uint8_t>(kBusy | (request.forget ? kDropped : 0) | (request.repeats ? kRepeats : 0));
  if (!request.repeats) ++unanswered_;
  shm::RequestSlot& saved = entry.request;
  saved.pool = request.pool;
  saved.method = request.method;
  saved.flags = request.flags;
  saved.deadline_tick = request.tick;
  saved.target = request.target;
  saved.target_extra = request.target_extra;
  saved.payload_size = request.payload;
  saved.query = static_cast<std::uint8_t>(request.query);
  saved.moves = request.moves;
  saved.buffers = request.buffers;
  if (request.size > shm::kInlineRequest) {
    std::memcpy(wide_of(entry), request.bytes, request.size);
  } else if (request.size != 0) {
    std::memcpy(saved.data, request.bytes, request.size);
  }
  advance_incomplete();
  join_channel(request.channel);
}

// Precondition: there is room.
[[gnu::always_inline]] inline void Stream::write(const Request& request, std::uint64_t sequence) {
  shm::RequestWriter& writer = channels_[request.channel].writer;
  std::uint32_t slots = request.slots();
  shm::RequestSlot& slot = *writer.reserve(slots);
  slot.method = request.method;
  slot.flags = request.flags;
  slot.pool = request.pool;
  slot.set_sequence(sequence);
  slot.incomplete_delta = static_cast<std::uint32_t>(std::min<std::uint64_t>(sequence - first_incomplete_, UINT32_MAX));
  if (request.repeats) [[unlikely]]
    slot.incomplete_delta = request.period_us;
  slot.deadline_tick = request.tick;
  slot.target = request.target;
  slot.target_extra = request.target_extra;
  slot.payload_size = request.payload;
  slot.query = static_cast<std::uint8_t>(request.query);
  slot.moves = request.moves;
  slot.buffers = request.buffers;
  if (request.size != 0) writer.fill(request.bytes, request.size);
  writer.publish(slots);
  light_fence();
  std::uint32_t worker = request.channel / shm::kPriorities;
  if (connection_->lanes().worker[worker].asleep.load(std::memory_order_relaxed)) [[unlikely]] {
    connection_->wake(worker);
  }
}

[[gnu::always_inline]] inline PendingCall Stream::launch(const OpenPool& target, const Request& request, Held* held) {
  if (connection_->memory().releases_due()) [[unlikely]]
    flush_releases();
  Entry* entry = find_free();
  if (!entry || !channels_[request.channel].writer.has_room(request.slots())) [[unlikely]] {
    auto made = make_room(request);
    if (!made) return PendingCall(std::move(made).error());
    entry = *made;
  }
  remember(*entry, target, request);
  if (held) extra_of(*entry).held.swap(held->blocks);
  write(request, entry->sequence);
  if (request.forget) return PendingCall::forgotten();
  ++live_;
  return PendingCall(this, entry->sequence);
}

inline void Stream::settle(Entry& entry) {
  entry.state |= kAnswered;
  if (!entry.is(kRepeats)) --unanswered_;
  if (entry.extra) [[unlikely]]
    post_continuation(*entry.extra);
}

inline void Stream::free_if_done(Entry& entry) noexcept {
  constexpr std::uint8_t kDone = kAnswered | kOver | kDropped;
  if ((entry.state & kDone) != kDone) return;
  if (entry.extra) [[unlikely]]
    recycle(std::exchange(entry.extra, nullptr));
  entry.state = 0;
}

// The daemon will not touch the call's buffers any more.
inline void Stream::end(Entry& entry) {
  entry.state |= kOver;
  leave_channel(entry.channel);
  if (entry.extra) [[unlikely]]
    entry.extra->drop_held();
  free_if_done(entry);
}

inline void Stream::drop(Entry& entry) noexcept {
  entry.state |= kDropped;
  if (entry.extra) [[unlikely]] {
    if (std::exchange(entry.extra->continuation, nullptr)) --awaited_;
    entry.extra->drop_reply();
  }
  free_if_done(entry);
}

inline Answer Stream::answer(std::uint64_t sequence) {
  if (!mine()) [[unlikely]]
    return foreign_answer();
  if (!entry_of(sequence).is(kAnswered)) wait(sequence, std::chrono::nanoseconds::max());
  Entry& entry = entry_of(sequence);
  if (!entry.answer_inline) [[unlikely]]
    return large_answer(entry);
  Answer out;
  out.code = static_cast<Code>(entry.code);
  out.gathered = entry.reply_flags & shm::kGathered;
  out.message = {answer_of(entry), entry.answer_size, 0, nullptr};
  return out;
}

inline void Stream::give_back(std::uint64_t sequence) noexcept {
  if (!mine() || !session_) [[unlikely]]
    return give_back_slowly(sequence);
  --live_;
  drop(entry_of(sequence));
}

}  // namespace chi::client
