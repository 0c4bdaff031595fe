// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The way of a reply out of a ring, to whom it is for; and the end of an entry.
#include <cstring>
#include <utility>

#include "client/session.h"
#include "client/stream_hot.h"

namespace chi::client {
namespace {

constexpr std::size_t kMostAtOnce = 1024;  // of one channel, so that the others get their turn
constexpr std::size_t kFewAtOnce = 1;      // of those that the caller does not wait for

// The descriptors behind the fields, wherever those are.
shm::BufferDescriptor descriptor_at(const std::uint8_t* bytes, std::size_t index) {
  shm::BufferDescriptor out;
  std::memcpy(&out, bytes + index * sizeof(shm::BufferDescriptor), sizeof(shm::BufferDescriptor));
  return out;
}

}  // namespace

// Whether the daemon did not take the call because what we know of the pool is out of date; then its error is kept.
bool Stream::wants_retry(Entry& entry, const shm::ReplySlot& slot, const std::uint8_t* bytes) {
  if ((entry.state & (kRetried | kRepeats)) || !session_) return false;
  if ((slot.flags & (shm::kStillRunning | shm::kFinished | shm::kBodyInArena)) || slot.buffers != 0) return false;
  if (!(slot.flags & shm::kNotAdmitted)) return false;
  extra_of(entry).error = decode_error(slot.code, chi_message{bytes, slot.payload_size, 0, nullptr});
  return true;
}

[[gnu::always_inline]] inline void Stream::store_answer(Entry& entry, const shm::ReplySlot& slot,
                                                        const std::uint8_t* bytes, std::uint32_t size) {
  entry.code = slot.code;
  entry.reply_flags = slot.flags;
  if (slot.buffers == 0 && !(slot.flags & shm::kBodyInArena)) [[likely]] {
    entry.answer_inline = true;
    entry.answer_size = size;
    if (size != 0) std::memcpy(answer_of(entry), bytes, size);
    return settle(entry);
  }
  store_large(entry, slot, bytes);
}

[[gnu::always_inline]] inline void Stream::accept(const shm::ReplySlot& slot, const std::uint8_t* bytes,
                                                  std::uint32_t size) {
  Entry& entry = entry_of(slot.sequence);
  bool known = entry.is(kBusy) && !entry.is(kOver) && static_cast<std::uint32_t>(entry.sequence) == slot.sequence;
  if (!known) return stray(slot, bytes);
  if (entry.is(kAnswered)) {
    stray(slot, bytes);  // too late, or that it is over
  } else if (slot.code != 0 && wants_retry(entry, slot, bytes)) {
    retries_.push_back(entry.sequence);
    return;
  } else {
    // Nobody hears of this one, so the next call looks the name up.
    const bool gone = (slot.flags & shm::kNotAdmitted) && slot.code == static_cast<std::uint16_t>(Code::not_found) &&
                      entry.is(kDropped);
    if (gone && session_ && session_->options().follow_pools) entry.pool->forget();
    store_answer(entry, slot, bytes, size);
  }
  if (!(slot.flags & shm::kStillRunning)) end(entry);
}

std::size_t Stream::receive_channel(unsigned number, std::size_t limit) {
  Channel& channel = channels_[number];
  std::size_t count = 0;
  channel.reader.begin_run();
  while (count < limit && channel.reader.ready()) {
    shm::ReplySlot slot;
    std::uint8_t scratch[shm::kMaxMessageSlots * shm::kCacheLine];
    const std::uint8_t* bytes = nullptr;
    std::uint32_t size = 0;
    const bool good = channel.reader.take(slot, scratch, bytes, size);
    channel.reader.publish_if_due();
    if (good) accept(slot, bytes, size);
    ++count;
  }
  return count;
}

std::size_t Stream::receive_active(unsigned first) {
  std::size_t count = first < channels_.size() ? receive_channel(first, kMostAtOnce) : 0;
  const std::size_t limit = first != kNoChannel ? kFewAtOnce : kMostAtOnce;
  for_each_channel(active_, [&](unsigned number) { count += receive_channel(number, limit); });
  return count;
}

std::size_t Stream::absorb() {
  if (has_foreign_.load(std::memory_order_acquire)) take_foreign();
  std::size_t count = 0;
  for_each_channel(used_, [&](unsigned number) { count += receive_channel(number, kMostAtOnce); });
  return count;
}

std::size_t Stream::receive() {
  std::size_t count = absorb();
  retry_all();
  return count;
}

void Stream::store_large(Entry& entry, const shm::ReplySlot& slot, const std::uint8_t* bytes) {
  entry.answer_inline = false;
  auto taken = take_body(entry, slot, bytes, extra_of(entry));
  if (!taken) return settle_locally(entry, taken.error());
  if (!(slot.flags & shm::kBodyInArena)) std::memcpy(answer_of(entry), bytes, slot.payload_size);
  settle(entry);
}

Status Stream::take_body(Entry& entry, const shm::ReplySlot& slot, const std::uint8_t* bytes, Extra& extra) {
  const std::uint8_t* descriptors = bytes + slot.payload_size;
  entry.answer_size = slot.payload_size;
  if (slot.flags & shm::kBodyInArena) {
    auto body = borrow(entry, descriptor_at(bytes, 0));
    if (!body) return std::move(body).error();
    extra.body = Buffer::adopt(*body);
    std::size_t tail = slot.buffers * sizeof(shm::BufferDescriptor);
    if (extra.body.size() < tail) return Error{Code::data_loss, "the daemon's reply is shorter than it says", "client"};
    entry.answer_size = static_cast<std::uint32_t>(extra.body.size() - tail);
    descriptors = extra.body.data() + entry.answer_size;
  }
  for (std::size_t i = 0; i < slot.buffers; ++i) {
    auto buffer = borrow(entry, descriptor_at(descriptors, i));
    if (!buffer) return std::move(buffer).error();
    extra.buffers.push_back(*buffer);
  }
  return {};
}

// A reply names memory of the daemon's arenas, or gives back a part of what the request lent.
Result<chi_buffer> Stream::borrow(const Entry& entry, const shm::BufferDescriptor& descriptor) {
  if (entry.extra) {
    for (chi_block* block : entry.extra->held) {
      if (auto part = connection_->memory().share(block, descriptor)) return *part;
    }
  }
  return connection_->borrow(descriptor);
}

// A reply that nobody waits for. Its memory must go back to the daemon.
void Stream::stray(const shm::ReplySlot& slot, const std::uint8_t* bytes) {
  if (slot.buffers == 0 && !(slot.flags & shm::kBodyInArena)) return;
  Entry none;
  Extra dropped;
  // Whatever could not be borrowed is not there to be given back either.
  [[maybe_unused]] auto taken = take_body(none, slot, bytes, dropped);
}

void Stream::post_continuation(Extra& extra) {
  if (!extra.continuation || extra.posted) return;
  extra.posted = true;
  extra.wakeup = {{nullptr, nullptr, &run_continuation}, &extra, this};
  loop_.post(&extra.wakeup.work);
}

void Stream::settle_locally(Entry& entry, const Error& error) {
  Extra& extra = extra_of(entry);
  extra.drop_reply();
  extra.error = error;
  entry.code = static_cast<std::uint16_t>(error.code);
  entry.answer_inline = false;
  entry.state |= kLocalError;
  if (entry.is(kDropped) && !lost_) lost_ = error;
  settle(entry);
}

Answer Stream::foreign_answer() const noexcept {
  static const Error kForeign{Code::failed_precondition, "a Future belongs to the thread that made the call; ask there",
                              "client"};
  static const Error kInherited{Code::failed_precondition,
                                "this Future is of a call that was made before a fork, and its answer is the parent's",
                                "client"};
  const Error& error = inherited() ? kInherited : kForeign;
  return {&error, error.code, false, {}};
}

Answer Stream::large_answer(Entry& entry) {
  Extra& extra = *entry.extra;
  if (entry.is(kLocalError)) return {&extra.error, extra.error.code, false, {}};
  Answer out;
  out.code = static_cast<Code>(entry.code);
  out.gathered = entry.reply_flags & shm::kGathered;
  out.message = {extra.body.data() ? extra.body.data() : answer_of(entry), entry.answer_size,
                 static_cast<std::uint32_t>(extra.buffers.size()), extra.buffers.data()};
  return out;
}

void Stream::notify(std::uint64_t sequence, detail::Continuation* continuation) noexcept {
  if (!mine()) return;
  Extra& extra = extra_of(entry_of(sequence));
  bool before = std::exchange(extra.continuation, continuation);
  if (!before && continuation) ++awaited_;
  if (before && !continuation) --awaited_;
}

void Stream::run_continuation(chi_work* work) {
  const Wakeup& wakeup = *reinterpret_cast<Wakeup*>(work);
  Extra& extra = *wakeup.extra;
  extra.posted = false;
  if (extra.orphaned) return wakeup.stream->recycle(&extra);
  detail::Continuation* continuation = std::exchange(extra.continuation, nullptr);
  if (!continuation) return;
  --wakeup.stream->awaited_;
  continuation->done(continuation);
}

Extra& Stream::extra_of(Entry& entry) {
  if (!entry.extra) {
    if (free_extras_.empty()) {
      free_extras_.reserve(all_extras_.size() + 1);  // so that recycle() needs no memory
      all_extras_.push_back(std::make_unique<Extra>());
      free_extras_.push_back(all_extras_.back().get());
    }
    entry.extra = free_extras_.back();
    free_extras_.pop_back();
  }
  return *entry.extra;
}

void Stream::recycle(Extra* extra) noexcept {
  extra->drop_held();
  extra->drop_reply();
  extra->continuation = nullptr;
  if (extra->posted) {
    extra->orphaned = true;  // until its turn in the ready list comes
    return;
  }
  extra->orphaned = false;
  free_extras_.push_back(extra);
}

}  // namespace chi::client
