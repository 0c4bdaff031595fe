// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The way of a call into a ring: which worker's, what travels in the slots and what in an arena, and what is remembered.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "client/request.h"
#include "client/session.h"
#include "client/stream.h"

namespace chi::client {
namespace {

constexpr std::uint32_t kDescriptor = sizeof(shm::BufferDescriptor);

Error no_such_container(std::uint32_t index, const OpenPool& target) {
  return {Code::not_found,
          fmt::format("pool '{}' has {} containers, counted from 0, and so no container {}", target.pool->name,
                      target.containers, index),
          "client"};
}

}  // namespace

// A container's worker as the map has it now. Where it is not alive, or its place unknown, any worker says what is so.
void Stream::aim(const OpenPool& target, std::uint32_t index, Request& out) const {
  out.query = QueryKind::container;
  out.target = index;
  std::uint64_t lane = std::uint64_t{target.lane_base} + index;
  std::uint64_t entry = lane < shm::LaneMap::kEntries
                            ? connection_->lanes().entries[lane].load(std::memory_order_relaxed)
                            : 0;
  std::uint32_t worker = shm::LaneMap::worker_of(entry);
  if (entry == 0 || worker >= connection_->workers()) {
    out.flags |= shm::kNoEpochCheck;
    worker = target.lane_base == PoolState::kNoLanes ? 0 : number_ % connection_->workers();
  } else {
    out.flags &= static_cast<std::uint8_t>(~shm::kNoEpochCheck);
    out.target_extra = shm::LaneMap::epoch_of(entry);
  }
  out.channel = worker * shm::kPriorities + out.channel % shm::kPriorities;
}

Status Stream::route(const OpenPool& target, const Query& query, Request& out) const {
  if (query.kind == QueryKind::hash || query.kind == QueryKind::container) {
    bool hashed = query.kind == QueryKind::hash;
    if (target.containers == 0) return no_such_container(0, target);
    std::uint32_t index = hashed ? container_of(query.hash, target.containers) : query.first;
    if (index >= target.containers) return no_such_container(index, target);
    aim(target, index, out);
    return {};
  }
  if (query.kind == QueryKind::automatic || query.kind > QueryKind::leader) {
    return Error{Code::invalid_argument, "a domain query of a kind that is not known", "client"};
  }
  out.query = query.kind;
  out.flags |= shm::kNoEpochCheck;
  out.target = query.first;
  out.target_extra = query.count;
  out.channel += number_ % connection_->workers() * shm::kPriorities;
  return {};
}

PendingCall Stream::submit(const OpenPool& target, std::uint32_t method, const Query& query,
                           const CallOptions& options, const chi_message& message) {
  Request request;
  request.channel = static_cast<std::uint32_t>(options.priority) % shm::kPriorities;
  request.pool = target.id;
  request.method = static_cast<std::uint16_t>(method);
  request.flags = (options.flags & CHI_FIRE_AND_FORGET ? shm::kFireAndForget : 0) |
                  (options.flags & CHI_PERIODIC ? shm::kPeriodic : 0);
  if (auto routed = route(target, query, request); !routed) return PendingCall(std::move(routed).error());
  auto limit = options.deadline.count() > 0 ? options.deadline : session_->options().call_deadline;
  std::uint64_t deadline_ns = coarse_now() + coarse_lag_ns_ + bounded_ns(limit);
  request.tick = to_ticks(options.flags & CHI_PERIODIC ? bounded_ns(options.period) : deadline_ns);

  std::uint8_t scratch[shm::kMaxInlineRequest];
  Held held;
  if (message.buffer_count == 0 && message.size <= shm::kMaxInlineRequest) {
    request.bytes = message.data;
    request.size = message.size;
    request.payload = static_cast<std::uint16_t>(message.size);
  } else if (auto packed = pack(message, scratch, request, held); !packed) {
    return PendingCall(std::move(packed).error());
  }
  Entry* entry = find_free();
  if (!entry || !channels_[request.channel].writer.has_room(request.slots())) [[unlikely]] {
    auto made = make_room(request, deadline_ns);
    if (!made) return PendingCall(std::move(made).error());
    entry = *made;
  }
  if (connection_->memory().has_releases()) flush_releases();
  remember(*entry, target, request, options, deadline_ns);
  if (!held.blocks.empty()) extra_of(*entry).held.swap(held.blocks);
  write(channels_[request.channel], request.channel, request, entry->sequence);
  if (options.flags & CHI_FIRE_AND_FORGET) return PendingCall::forgotten();
  ++live_;
  return PendingCall(this, entry->sequence);
}

// Gives the entry of `next_sequence_`, whose number it moves over those whose entries are still in use.
Entry* Stream::find_free() noexcept {
  for (std::uint32_t look = 0; look < entry_count_; ++look, ++next_sequence_) {
    Entry& entry = entry_of(next_sequence_);
    if (entry.state == 0) return &entry;
  }
  return nullptr;
}

// Numbers that differ in their low bits differ in one bit more, too.
bool Stream::grow_table() {
  if (entry_count_ == kMostEntries) return false;
  auto more = std::make_unique<Entry[]>(std::size_t{entry_count_} * 2);
  for (std::uint32_t i = 0; i < entry_count_; ++i) {
    const Entry& old = entries_[i];
    void* to = &more[old.sequence & (entry_count_ * 2 - 1)];
    if (old.is(kBusy)) std::memcpy(to, &old, sizeof(Entry));
  }
  entries_ = std::move(more);
  entry_count_ *= 2;
  return true;
}

Result<Entry*> Stream::make_room(const Request& request, std::uint64_t deadline_ns) {
  Channel& channel = channels_[request.channel];
  const Connection* connection = connection_.get();
  Entry* entry = nullptr;
  bool done = wait_until(
      [&] {
        if (!live() || connection_.get() != connection) return true;
        do {
          entry = find_free();
        } while (!entry && grow_table());
        return entry && channel.writer.has_room(request.slots());
      },
      deadline_ns);
  if (!done) {
    return Error{Code::deadline_exceeded,
                 "not submitted: this thread has as many calls under way, or Futures not asked, as there is room for",
                 "client"};
  }
  if (!live() || connection_.get() != connection || !entry) return Connection::lost();
  return entry;
}

void Stream::remember(Entry& entry, const OpenPool& target, const Request& request, const CallOptions& options,
                      std::uint64_t deadline_ns) {
  bool repeats = options.flags & CHI_PERIODIC;
  entry.sequence = next_sequence_++;
  entry.pool = target.pool;
  entry.deadline_ns = repeats ? kForever - kGraceNs : deadline_ns;
  entry.channel = static_cast<std::uint8_t>(request.channel);
  entry.state = static_cast<std::uint8_t>(kBusy | (options.flags & CHI_FIRE_AND_FORGET ? kDropped : 0) |
                                          (repeats ? kRepeats : 0));
  if (!repeats) ++unanswered_;
  shm::RequestSlot& saved = entry.request;
  saved.pool = request.pool;
  saved.method = request.method;
  saved.flags = request.flags;
  saved.deadline_tick = request.tick;
  saved.target = request.target;
  saved.target_extra = request.target_extra;
  saved.payload_size = request.payload;
  saved.query = static_cast<std::uint8_t>(request.query);
  saved.buffers = request.buffers;
  if (request.size <= shm::kInlineRequest) {
    if (request.size != 0) std::memcpy(saved.data, request.bytes, request.size);
  } else {
    extra_of(entry).request.assign(request.bytes, request.bytes + request.size);
  }
  advance_incomplete();
  join_channel(request.channel);
}

void Stream::advance_incomplete() noexcept {
  while (first_incomplete_ < next_sequence_) {
    const Entry& entry = entry_of(first_incomplete_);
    if (entry.sequence == first_incomplete_ && entry.is(kBusy) && !entry.is(kOver)) return;
    ++first_incomplete_;
  }
}

// Precondition: there is room.
void Stream::write(Channel& channel, unsigned number, const Request& request, std::uint64_t sequence) {
  std::uint32_t slots = request.slots();
  shm::RequestSlot& slot = *channel.writer.reserve(slots);
  slot.method = request.method;
  slot.slots = static_cast<std::uint8_t>(slots);
  slot.flags = request.flags;
  slot.pool = request.pool;
  slot.sequence = sequence;
  slot.incomplete_delta = static_cast<std::uint32_t>(std::min<std::uint64_t>(sequence - first_incomplete_, UINT32_MAX));
  slot.deadline_tick = request.tick;
  slot.target = request.target;
  slot.target_extra = request.target_extra;
  slot.payload_size = request.payload;
  slot.kind = static_cast<std::uint8_t>(request.kind);
  slot.query = static_cast<std::uint8_t>(request.query);
  slot.buffers = request.buffers;
  slot.reserved = 0;
  if (request.size != 0) channel.writer.fill(request.bytes, request.size);
  channel.writer.publish(slots);
  light_fence();
  std::uint32_t worker = number / shm::kPriorities;
  if (connection_->lanes().worker[worker].asleep.load(std::memory_order_relaxed)) connection_->wake(worker);
}

// Buffers of the session's memory go by descriptor; others are copied there first.
Status Stream::pack(const chi_message& message, std::uint8_t* scratch, Request& out, Held& held) {
  if (message.buffer_count > CHI_MAX_BUFFERS) {
    return Error{Code::invalid_argument, fmt::format("a call has at most {} buffers", CHI_MAX_BUFFERS), "client"};
  }
  const Connection* connection = connection_.get();
  auto wait = session_->options().memory_wait;
  shm::BufferDescriptor descriptors[CHI_MAX_BUFFERS];
  for (std::uint32_t i = 0; i < message.buffer_count; ++i) {
    chi_buffer buffer = message.buffers[i];
    if (connection_->memory().describe(buffer, descriptors[i])) {
      detail::block_add_reference(buffer.block);
    } else {
      auto copy = session_->allocate(buffer.size, wait);
      if (!copy) return std::move(copy).error();
      if (buffer.size != 0) std::memcpy(copy->data, buffer.data, buffer.size);
      buffer = *copy;
      connection_->memory().describe(buffer, descriptors[i]);
    }
    held.add(buffer.block);
  }
  out.buffers = static_cast<std::uint8_t>(message.buffer_count);
  std::uint32_t tail = message.buffer_count * kDescriptor;
  std::uint8_t* to = scratch;
  if (std::uint64_t{message.size} + tail > shm::kMaxInlineRequest) {
    auto body = session_->allocate(std::uint64_t{message.size} + tail, wait);
    if (!body) return std::move(body).error();
    held.add(body->block);
    to = body->data;
    shm::BufferDescriptor where;
    connection_->memory().describe(*body, where);
    std::memcpy(scratch, &where, kDescriptor);
    out.flags |= shm::kBodyInArena;
    out.size = kDescriptor;
  } else {
    out.payload = static_cast<std::uint16_t>(message.size);
    out.size = message.size + tail;
  }
  if (message.size != 0) std::memcpy(to, message.data, message.size);
  std::memcpy(to + message.size, descriptors, tail);
  out.bytes = scratch;
  if (connection_.get() != connection || !live()) return Connection::lost();  // while it waited for memory
  return {};
}

// As many as there is room for; the others later.
void Stream::flush_releases() {
  std::vector<shm::BufferDescriptor> releases = connection_->memory().take_releases();
  unsigned number = number_ % connection_->workers() * shm::kPriorities;
  while (!releases.empty() && channels_[number].writer.has_room(1)) {
    Request request;
    request.kind = shm::RequestKind::release;
    request.buffers = 1;
    request.bytes = reinterpret_cast<const std::uint8_t*>(&releases.back());
    request.size = kDescriptor;
    write(channels_[number], number, request, 0);
    releases.pop_back();
  }
  if (!releases.empty()) connection_->memory().put_back(releases);
}

void Stream::cancel(std::uint64_t sequence) {
  auto pointless = [&] { return !live() || !entry_of(sequence).waits(); };
  auto channel = [&]() -> Channel& { return channels_[entry_of(sequence).channel]; };
  if (!mine() || pointless()) return;
  wait_until([&] { return pointless() || channel().writer.has_room(1); }, entry_of(sequence).deadline_ns);
  if (pointless() || !channel().writer.has_room(1)) return;
  Request request;
  request.kind = shm::RequestKind::cancel;
  write(channel(), entry_of(sequence).channel, request, sequence);
}

void Stream::retry_all() {
  if (retries_.empty() || retrying_) return;
  retrying_ = true;
  std::vector<std::uint64_t> due = std::exchange(retries_, {});
  for (std::uint64_t sequence : due) {
    const Entry& entry = entry_of(sequence);
    if (entry.sequence == sequence && entry.waits()) retry(sequence);
  }
  retrying_ = false;
}

// What changed since the request was sent: the container's worker and epoch, or the pool's id.
Status Stream::renew(const Entry& entry, Request& request) {
  PoolState* pool = entry.pool;
  request.channel = entry.channel;
  const ResolvedPool* resolved = pool->resolved.load(std::memory_order_acquire);
  if (static_cast<Code>(entry.code) == Code::not_found && pool != session_->admin()) {
    std::uint32_t containers = resolved ? resolved->containers : 0;
    auto found = session_->find(*pool, std::chrono::nanoseconds(0));
    if (!found) return std::move(found).error();
    if (found->id == request.pool || found->containers != containers) {
      return Error{Code::not_found,
                   fmt::format("pool '{}' was destroyed, or made anew with another number of containers; call again",
                               pool->name),
                   "client"};
    }
    resolved = pool->resolved.load(std::memory_order_acquire);
  }
  if (!resolved || !live()) return Connection::lost();
  OpenPool target{this, pool, resolved->id, resolved->containers, resolved->lane_base, nullptr};
  request.pool = resolved->id;
  if (request.query == QueryKind::container) aim(target, request.target, request);
  return {};
}

void Stream::retry(std::uint64_t sequence) {
  Request request;
  {
    const shm::RequestSlot& saved = entry_of(sequence).request;
    request.pool = saved.pool;
    request.method = saved.method;
    request.payload = saved.payload_size;
    request.flags = saved.flags;
    request.query = static_cast<QueryKind>(saved.query);
    request.buffers = saved.buffers;
    request.tick = saved.deadline_tick;
    request.target = saved.target;
    request.target_extra = saved.target_extra;
    request.size = shm::inline_size(saved);
  }
  auto renewed = renew(entry_of(sequence), request);
  Entry& entry = entry_of(sequence);
  if (entry.sequence != sequence || !entry.waits()) return;  // ended while the name was looked up
  if (!renewed) {
    settle_locally(entry, renewed.error());
    return end(entry);
  }
  Channel& channel = channels_[request.channel];
  if (!channel.writer.has_room(request.slots())) {
    retries_.push_back(sequence);
    return;
  }
  entry.state |= kRetried;
  leave_channel(entry.channel);
  join_channel(request.channel);
  entry.channel = static_cast<std::uint8_t>(request.channel);
  request.bytes = request.size <= shm::kInlineRequest ? entry.request.data : entry.extra->request.data();
  write(channel, request.channel, request, sequence);
}

}  // namespace chi::client
