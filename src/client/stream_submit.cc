// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The way of a call into a ring. For a small call with a reply to wait for, all of it is in submit().
#include <fmt/format.h>

#include <utility>

#include "client/session.h"
#include "client/stream_hot.h"

namespace chi::client {

// A container's worker as the map has it now. Where it is not alive, or its place unknown, any worker says what is so.
void Stream::aim(const OpenPool& target, std::uint32_t index, Request& out) const {
  out.query = QueryKind::container;
  out.target = index;
  std::uint64_t lane = std::uint64_t{target.lane_base} + index;
  std::uint64_t entry =
      lane < shm::LaneMap::kEntries ? connection_->lanes().entries[lane].load(std::memory_order_acquire) : 0;
  std::uint32_t worker = shm::LaneMap::worker_of(entry);
  out.moves = shm::LaneMap::moves_of(entry);
  if (entry == 0 || worker >= connection_->workers()) [[unlikely]] {
    out.flags |= shm::kNoEpochCheck;
    worker = target.lane_base == PoolState::kNoLanes ? 0 : connection_->any_worker(number_);
  } else {
    out.flags &= static_cast<std::uint8_t>(~shm::kNoEpochCheck);
    out.target_extra = shm::LaneMap::epoch_of(entry);
  }
  out.channel = worker * shm::kPriorities + out.channel % shm::kPriorities;
}

// False when there is no such container, or kind of query.
bool Stream::route(const OpenPool& target, const Query& query, Request& out) const {
  if (query.kind == QueryKind::hash || query.kind == QueryKind::container) {
    if (target.containers == 0) return false;
    std::uint32_t index = query.kind == QueryKind::hash ? container_of(query.hash, target.containers) : query.first;
    if (index >= target.containers) return false;
    aim(target, index, out);
    return true;
  }
  if (query.kind == QueryKind::automatic || query.kind > QueryKind::leader) return false;
  out.query = query.kind;
  out.flags |= shm::kNoEpochCheck;
  out.target = query.first;
  out.target_extra = query.count;
  out.channel += connection_->any_worker(number_) * shm::kPriorities;
  return true;
}

Error Stream::unroutable(const OpenPool& target, const Query& query) {
  return {Code::not_found,
          fmt::format("pool '{}' has {} containers, counted from 0, and so none for the query '{}'", target.pool->name,
                      target.containers, to_string(query)),
          "client"};
}

PendingCall Stream::submit(const OpenPool& target, std::uint32_t method, const Query& query, const CallOptions& options,
                           const EncodedRequest& encoded) {
  const chi_message& message = encoded.message;
  Request request;
  request.pool = target.id;
  request.method = static_cast<std::uint16_t>(method);
  request.channel = static_cast<std::uint32_t>(options.priority) % shm::kPriorities;
  request.forget = options.flags & CHI_FIRE_AND_FORGET;
  request.repeats = options.flags & CHI_PERIODIC;
  request.flags =
      static_cast<std::uint8_t>((request.forget ? shm::kFireAndForget : 0) | (request.repeats ? shm::kPeriodic : 0));
  if (!route(target, query, request)) [[unlikely]]
    return PendingCall(unroutable(target, query));
  auto limit = options.deadline.count() > 0 ? options.deadline : session_->options().call_deadline;
  request.deadline_ns = coarse_now() + coarse_lag_ns_ + bounded_ns(limit);
  request.tick = to_ticks(request.deadline_ns + daemon_clock_ahead_ns_);
  if (request.repeats) [[unlikely]] {
    request.tick = 0;
    request.period_us = to_microseconds(bounded_ns(options.period));
  }
  if (message.buffer_count != 0 || message.size > shm::kMaxInlineRequest) [[unlikely]] {
    return submit_packed(target, request, encoded);
  }
  request.bytes = message.data;
  request.size = message.size;
  request.payload = static_cast<std::uint16_t>(message.size);
  return launch(target, request, nullptr);
}

PendingCall Stream::submit_packed(const OpenPool& target, Request& request, const EncodedRequest& encoded) {
  std::uint8_t scratch[shm::kMaxInlineRequest];
  Held held;
  auto packed = pack(encoded, scratch, request, held);
  if (!packed) return PendingCall(std::move(packed).error());
  return launch(target, request, &held);
}

}  // namespace chi::client
