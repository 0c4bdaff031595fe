// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is sent beside small calls: large ones, and room for those that find none; cancels, releases and second tries.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "client/session.h"
#include "client/stream_hot.h"

namespace chi::client {
namespace {

constexpr std::uint32_t kDescriptorSize = sizeof(shm::BufferDescriptor);

Error not_shared(const chi_buffer& buffer) {
  if (Memory::is_loan(buffer.block)) {
    return {Code::failed_precondition,
            "a Buffer of another client, or of this one's connection before its daemon was restarted: the callee would "
            "not see it; allocate it anew with this client's allocate_buffer()",
            "client"};
  }
  return {
      Code::invalid_argument,
      "a Buffer of memory that this client does not share with the daemon: the callee would not see it; allocate it "
      "with this client's allocate_buffer()",
      "client"};
}

}  // namespace

void Stream::send(const Request& request, std::uint64_t sequence) { write(request, sequence); }

// What lies in the session's memory goes by descriptor. Other bytes are copied there first, but for those in which the
// callee is to work: the caller would not see what it does.
Status Stream::pack(const EncodedRequest& encoded, std::uint8_t* scratch, Request& out, Held& held) {
  const chi_message& message = encoded.message;
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
    } else if (buffer.size != 0 && encoded.references >> i & 1) {
      return not_shared(buffer);
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
  std::uint32_t tail = message.buffer_count * kDescriptorSize;
  std::uint8_t* to = scratch;
  if (std::uint64_t{message.size} + tail > shm::kMaxInlineRequest) {
    auto body = session_->allocate(std::uint64_t{message.size} + tail, wait);
    if (!body) return std::move(body).error();
    held.add(body->block);
    to = body->data;
    shm::BufferDescriptor where;
    connection_->memory().describe(*body, where);
    std::memcpy(scratch, &where, kDescriptorSize);
    out.flags |= shm::kBodyInArena;
    out.size = kDescriptorSize;
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

// Numbers that differ in their low bits differ in one bit more, too.
bool Stream::grow_table() {
  if (entry_count_ == kMostEntries) return false;
  auto more = std::make_unique<Entry[]>(std::size_t{entry_count_} * 2);
  auto more_wide = std::make_unique_for_overwrite<Wide[]>(std::size_t{entry_count_} * 2);
  for (std::uint32_t i = 0; i < entry_count_; ++i) {
    const Entry& old = entries_[i];
    if (!old.is(kBusy)) continue;
    const std::uint64_t to = old.sequence & (entry_count_ * 2 - 1);
    std::memcpy(static_cast<void*>(&more[to]), &old, sizeof(Entry));
    std::memcpy(&more_wide[to], &wide_[i], sizeof(Wide));
  }
  entries_ = std::move(more);
  wide_ = std::move(more_wide);
  entry_count_ *= 2;
  return true;
}

Result<Entry*> Stream::make_room(const Request& request) {
  if (next_sequence_ >= shm::kMostSequences) {
    return Error{Code::resource_exhausted, "this thread has made as many calls as are numbered; use another thread",
                 "client"};
  }
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
      request.deadline_ns);
  if (!done) {
    return Error{Code::deadline_exceeded,
                 "not submitted: this thread has as many calls under way, or Futures not asked, as there is room for",
                 "client"};
  }
  if (!live() || connection_.get() != connection || !entry) return Connection::lost();
  return entry;
}

// As many as there is room for; the others later.
void Stream::flush_releases() {
  std::vector<shm::BufferDescriptor> releases = connection_->memory().take_releases();
  constexpr std::size_t kMostInOne = shm::kMaxInlineRequest / kDescriptorSize;
  Request request;
  request.flags = shm::kRelease;
  request.channel = connection_->any_worker(number_) * shm::kPriorities;
  while (!releases.empty()) {
    const std::size_t count = std::min(releases.size(), kMostInOne);
    request.buffers = static_cast<std::uint8_t>(count);
    request.bytes = reinterpret_cast<const std::uint8_t*>(&*(releases.end() - static_cast<std::ptrdiff_t>(count)));
    request.size = static_cast<std::uint32_t>(count * kDescriptorSize);
    if (!channels_[request.channel].writer.has_room(request.slots())) break;
    send(request, 0);
    releases.resize(releases.size() - count);
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
  request.flags = shm::kCancel;
  request.channel = entry_of(sequence).channel;
  send(request, sequence);
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

// What changed since the request was sent: the container's worker and epoch, or the pool's id. Fails with the daemon's
// own refusal where nothing did.
Status Stream::renew(PoolState& pool, const Error& refusal, Request& request) {
  const ResolvedPool* resolved = pool.resolved.load(std::memory_order_acquire);
  if (refusal.code == Code::not_found) {
    std::uint32_t containers = resolved ? resolved->containers : 0;
    if (&pool == session_->admin() || !session_->options().follow_pools) return refusal;
    auto found = session_->find(pool, std::chrono::nanoseconds(0));
    if (!found) return std::move(found).error();
    // With another number of containers a hash would lead elsewhere: the caller's next call does it right.
    if (found->id == request.pool || found->containers != containers) return refusal;
    resolved = pool.resolved.load(std::memory_order_acquire);
  }
  if (!resolved || !live()) return Connection::lost();
  OpenPool target{this, &pool, resolved->id, resolved->containers, resolved->lane_base};
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
    request.moves = saved.moves;
    request.size = shm::inline_size(saved);
  }
  request.channel = entry_of(sequence).channel;
  const Error refusal = entry_of(sequence).extra->error;
  auto renewed = renew(*entry_of(sequence).pool, refusal, request);
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
  request.bytes = request.size <= shm::kInlineRequest ? entry.request.data : wide_of(entry);
  send(request, sequence);
}

}  // namespace chi::client
