// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a client's messages are, once they were checked.
#include "runtime/client_channel.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/error_reply.h"
#include "runtime/places.h"
#include "runtime/worker.h"

namespace chi::runtime {
namespace {

constexpr std::uint64_t kRetryNs = 500'000;  // between attempts to write to a full ring

void wake_client(std::atomic<std::uint32_t>& waits) {
  waits.store(0, std::memory_order_relaxed);
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&waits), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

Error outside() { return {Code::invalid_argument, "a buffer outside of the memory that the session shares", kRouter}; }

}  // namespace

ClientChannel::ClientChannel(Worker& worker, std::shared_ptr<ClientStream> stream, Priority priority)
    : worker_(worker),
      stream_(std::move(stream)),
      shared_(stream_->shared()),
      priority_(priority),
      reader_(shared_.channel(worker.index(), static_cast<std::uint32_t>(priority))),
      writer_(shared_.channel(worker.index(), static_cast<std::uint32_t>(priority))) {}

ClientChannel::~ClientChannel() {
  worker_.remove_timer(retry_);
  worker_.remove_timer(look_);
}

// The head is published behind what was done with the messages, and not over one that a fence holds: LaneFence::look
// of another worker relies on it.
unsigned ClientChannel::poll(unsigned budget) {
  if (fence_) [[unlikely]] {
    take_fence();
    if (fence_) return 1;
    reader_.publish_head();
  }
  reader_.begin_run();
  shm::RequestSlot slot;
  std::uint8_t inline_bytes[shm::kMaxMessageSlots * shm::kCacheLine];
  unsigned taken = 0;
  for (; taken < budget && ready(); ++taken) {
    const std::uint8_t* bytes = nullptr;
    std::uint32_t size = 0;
    if (!reader_.take(slot, inline_bytes, bytes, size)) continue;
    if (!handle(slot, bytes, size)) return kLost;
    if (fence_) [[unlikely]] {
      reader_.publish_before_last();
      return taken + 1;
    }
    reader_.publish_if_due();
  }
  reader_.publish_head();
  if (taken > 1 || (taken == 1 && several_ != 0)) pace(taken);
  return taken;
}

// A reader close behind its writer takes each line away from it while it is written, and both wait for lines: that
// halves what passes, where lines take long from one CPU to the other. Then the writer gets some time to go ahead.
// Slower messages are not held up, as those of one call at a time are not.
void ClientChannel::pace(unsigned taken) noexcept {
  constexpr std::uint64_t kLeastNs = 100;  // for one message
  constexpr std::uint64_t kMostNs = 250;
  constexpr unsigned kRemembered = 32;  // polls, since one had more than one message
  several_ = taken > 1 ? kRemembered : several_ - 1;
  const std::uint64_t now = worker_.now_ns();
  const std::uint64_t each_ns = (now - polled_ns_) / taken;
  polled_ns_ = now;
  if (taken < shm::kShortRun && each_ns > kLeastNs && each_ns < kMostNs) rest_until_ns_ = now + 2 * each_ns;
}

void ClientChannel::drain() {
  if (fence_) return;
  queues_only_ = true;
  while (!fence_ && ready()) static_cast<void>(poll(shm::kRingSlots));
  queues_only_ = false;
}

bool ClientChannel::fence_passed() const noexcept { return fence_->passed(worker_.turns()); }

void ClientChannel::put_fence(const shm::RequestSlot& slot, const std::uint8_t* bytes, std::uint32_t size,
                              const Container& container) {
  fence_ = std::make_unique<LaneFence>(slot, bytes, size, container, worker_.index());
  look_over_fence();
}

void ClientChannel::look_over_fence() {
  fence_->look(shared_, priority_, worker_.turns());
  if (!fence_->clear()) {
    arm(look_, fence_->next_pause_ns(),
        [](TimerNode& timer) { static_cast<Timer&>(timer).channel->look_over_fence(); });
  }
}

// By the lane's queue, never ahead of it: what was older may be held there.
void ClientChannel::take_fence() {
  const std::unique_ptr<LaneFence> fence = std::move(fence_);
  fence_behind_ = fence->arrival();
  const bool before = std::exchange(queues_only_, true);
  static_cast<void>(handle_call(fence->slot(), fence->bytes(), fence->size()));
  queues_only_ = before;
  fence_behind_ = 0;
}

bool ClientChannel::older_may_wait(const Container& container, std::uint8_t moves_seen, bool here) {
  const bool waited = container.arrival.load(std::memory_order_relaxed) == fence_behind_;
  if (waited && here) fenced_.add(container, moves_seen);
  return !waited && !(here && fenced_.includes(container, moves_seen));
}

bool ClientChannel::handle(const shm::RequestSlot& slot, const std::uint8_t* bytes, std::uint32_t size) {
  if (!(slot.flags & (shm::kCancel | shm::kRelease))) [[likely]]
    return handle_call(slot, bytes, size);
  if (slot.flags & shm::kCancel) {
    cancel(slot.sequence());
  } else {
    shm::BufferDescriptor descriptor;
    for (std::uint32_t at = 0; at + sizeof descriptor <= size; at += sizeof descriptor) {
      std::memcpy(&descriptor, bytes + at, sizeof descriptor);
      stream_->session->release(descriptor);
    }
  }
  return true;
}

const Pool* ClientChannel::find_pool(PoolId id) {
  if (last_pool_ && last_pool_->id == id) return last_pool_;
  last_pool_ = worker_.find_pool(id);
  if (last_pool_) {
    const Credentials& who = stream_->session->credentials();
    may_read_ = last_pool_->allows(who.uid, who.gid, who.groups, false);
    may_write_ = last_pool_->allows(who.uid, who.gid, who.groups, true);
  }
  return last_pool_;
}

bool ClientChannel::handle_call(const shm::RequestSlot& slot, const std::uint8_t* bytes, std::uint32_t size) {
  ++outstanding_;
  RequestMemory memory;
  chi_message message{bytes, slot.payload_size, 0, nullptr};
  if (slot.buffers != 0 || slot.flags & shm::kBodyInArena) [[unlikely]] {
    if (auto read = read_message(slot, bytes, memory, message); !read) {
      refuse(slot, read.error());
      return true;
    }
  }
  const Pool* pool = find_pool(slot.pool);
  bool one = slot.query == static_cast<std::uint8_t>(QueryKind::container) && !(slot.flags & shm::kPeriodic);
  if (!pool || !one || slot.target >= pool->containers.size()) {
    dispatch(slot, message);
    return true;
  }
  Container& container = *pool->containers[slot.target];
  const bool here = container.owned_by(worker_);
  if (container.arrival.load(std::memory_order_relaxed) != 0 && older_may_wait(container, slot.moves, here))
      [[unlikely]] {
    --outstanding_;
    put_fence(slot, bytes, size, container);
    return true;
  }
  const chi_method* method = pool->module->method(slot.method);
  bool simple = method && here && !queues_only_ && container.self && worker_.can_run_now(container, priority_) &&
                (slot.flags & shm::kNoEpochCheck || slot.target_extra == container.epoch) &&
                (method->flags & CHI_ACCESS_WRITE ? may_write_ : may_read_) &&
                !pool->draining.load(std::memory_order_acquire);
  if (!simple) {
    dispatch(slot, message);
    return true;
  }
  return run_here(slot, container, *method, message);
}

bool ClientChannel::run_here(const shm::RequestSlot& slot, Container& container, const chi_method& method,
                             const chi_message& message) {
  std::uint64_t deadline_ns = shm::deadline_of(slot.deadline_tick, worker_.now_ns());
  if (deadline_ns != 0 && deadline_ns < worker_.now_ns()) [[unlikely]] {
    refuse(slot, {Code::deadline_exceeded, "the deadline had passed when the call arrived; it was not run",
                  container.name()});
    return true;
  }
  Task* task = worker_.take_spare();
  task->container = &container;
  task->method = &method;
  task->channel = this;
  task->sequence = slot.sequence();
  task->first_incomplete = slot.sequence() - slot.incomplete_delta;
  task->session = stream_->id;
  task->uid = stream_->session->credentials().uid;
  task->gid = stream_->session->credentials().gid;
  task->priority = priority_;
  task->forget = slot.flags & shm::kFireAndForget;
  task->deadline_ns = deadline_ns;
  worker_.count_in(*task);
  if (!worker_.run_now(task, message)) return false;
  if (task) worker_.keep_spare(task);
  return true;
}

void ClientChannel::refuse(const shm::RequestSlot& slot, const Error& error) {
  if (slot.flags & shm::kFireAndForget) {
    finished(slot.sequence(), error.code);
  } else {
    ErrorReply reply(error);
    this->reply(slot.sequence(), reply.answer());
  }
  task_done();
}

Status ClientChannel::read_descriptors(const std::uint8_t* at, std::uint32_t count, RequestMemory& memory) {
  if (count > CHI_MAX_BUFFERS) {
    return Error{Code::invalid_argument, "more than " + std::to_string(CHI_MAX_BUFFERS) + " buffers in one message",
                 kRouter};
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    shm::BufferDescriptor descriptor;
    std::memcpy(&descriptor, at + i * sizeof descriptor, sizeof descriptor);
    if (!stream_->session->resolve(descriptor, memory.buffers[i])) return outside();
  }
  return {};
}

Status ClientChannel::read_message(const shm::RequestSlot& slot, const std::uint8_t* bytes, RequestMemory& memory,
                                   chi_message& out) {
  std::uint32_t size = slot.payload_size;
  std::uint32_t descriptors = std::uint32_t{slot.buffers} * sizeof(shm::BufferDescriptor);
  if (slot.flags & shm::kBodyInArena) {
    shm::BufferDescriptor where;
    std::memcpy(&where, bytes, sizeof where);
    chi_buffer body{};
    if (!stream_->session->resolve(where, body)) return outside();
    if (body.size > worker_.options().max_message || body.size < descriptors) {
      return Error{Code::invalid_argument,
                   "a request of " + std::to_string(body.size) + " bytes of fields; at most " +
                       std::to_string(worker_.options().max_message) +
                       " (call.max_message) may be: pass bulk data as Bytes or Buffer",
                   kRouter};
    }
    memory.body.reset(new std::uint8_t[body.size]);
    std::memcpy(memory.body.get(), body.data, body.size);
    bytes = memory.body.get();
    size = static_cast<std::uint32_t>(body.size) - descriptors;
  }
  if (auto read = read_descriptors(bytes + size, slot.buffers, memory); !read) return read;
  out = {bytes, size, slot.buffers, memory.buffers};
  return {};
}

void ClientChannel::reply(std::uint64_t sequence, const Answer& answer) {
  if (closed_) return;
  dirty_ = true;
  auto low = static_cast<std::uint32_t>(sequence);
  if (late_.empty() && write(low, answer.code, answer.flags, answer.message)) return;
  late_.push_back({low, answer.flags, answer.code, answer.kept()});
  late_bytes_ += answer.message.size;
}

void ClientChannel::finished(std::uint64_t sequence, Code code, std::uint8_t flags) {
  Answer answer;
  answer.code = code;
  answer.flags = flags | shm::kFinished;
  reply(sequence, answer);
}

// False when the ring is full.
bool ClientChannel::write(std::uint32_t sequence, Code code, std::uint8_t flags, const chi_message& message) {
  if (message.buffer_count == 0 && message.size <= shm::kMaxInlineReply) [[likely]] {
    return write_inline(sequence, code, flags, message.data, message.size, 0);
  }
  if (!writer_.has_room(shm::kMaxMessageSlots)) return false;
  std::vector<std::uint8_t> body(message.data, message.data + message.size);
  Status lent = lend(message, body);
  if (lent && body.size() <= shm::kMaxInlineReply) {
    return write_inline(sequence, code, flags, body.data(), message.size, message.buffer_count);
  }
  shm::BufferDescriptor where{};
  if (lent) lent = lend_bytes(body.data(), body.size(), where);
  if (!lent) {
    ErrorReply reply(lent.error());
    Answer answer = reply.answer();
    flags &= shm::kStillRunning | shm::kFinished;
    return write_inline(sequence, answer.code, flags, answer.message.data, answer.message.size, 0);
  }
  return write_inline(sequence, code, flags | shm::kBodyInArena, reinterpret_cast<const std::uint8_t*>(&where), 0,
                      message.buffer_count, sizeof where);
}

bool ClientChannel::write_inline(std::uint32_t sequence, Code code, std::uint8_t flags, const std::uint8_t* bytes,
                                 std::uint32_t payload, std::uint32_t buffers, std::uint32_t size) {
  if (size == 0) size = payload + buffers * static_cast<std::uint32_t>(sizeof(shm::BufferDescriptor));
  std::uint32_t slots = shm::slots_for<shm::ReplySlot>(size);
  shm::ReplySlot* slot = writer_.reserve(slots);
  if (!slot) return false;
  slot->code = static_cast<std::uint16_t>(code);
  slot->flags = flags;
  slot->sequence = sequence;
  slot->payload_size = static_cast<std::uint16_t>(payload);
  slot->buffers = static_cast<std::uint8_t>(buffers);
  if (size != 0) writer_.fill(bytes, size);
  writer_.publish(slots);
  return true;
}

Status ClientChannel::lend_bytes(const void* data, std::size_t size, shm::BufferDescriptor& out) {
  auto space = stream_->session->allocate_reply(size);
  if (!space) return std::move(space).error();
  if (size != 0) std::memcpy(space->data, data, size);
  stream_->session->hand_over(*space, out);
  detail::block_release(space->block);
  return {};
}

// Appends a descriptor for each buffer: handed over where the client can see it already, copied where it cannot.
Status ClientChannel::lend(const chi_message& message, std::vector<std::uint8_t>& body) {
  if (message.buffer_count > 255) {
    return Error{Code::resource_exhausted, "a reply with more than 255 buffers; ask for less at once", kRouter};
  }
  for (std::uint32_t i = 0; i < message.buffer_count; ++i) {
    const chi_buffer& buffer = message.buffers[i];
    shm::BufferDescriptor descriptor{};
    if (!stream_->session->hand_over(buffer, descriptor)) {
      if (auto lent = lend_bytes(buffer.data, buffer.size, descriptor); !lent) return lent;
    }
    auto* raw = reinterpret_cast<const std::uint8_t*>(&descriptor);
    body.insert(body.end(), raw, raw + sizeof descriptor);
  }
  return {};
}

void ClientChannel::flush() {
  while (!late_.empty()) {
    Late& late = late_.front();
    if (!write(late.sequence, late.code, late.flags, late.message.view())) break;
    late_bytes_ -= late.message.size();
    late_.pop_front();
  }
  dirty_ = false;
  light_fence();
  if (shared_.client_waits.load(std::memory_order_relaxed)) wake_client(shared_.client_waits);
  if (late_.empty() || closed_ || retry_.armed()) return;
  arm(retry_, kRetryNs, [](TimerNode& timer) { static_cast<Timer&>(timer).channel->flush(); });
}

void ClientChannel::arm(Timer& timer, std::uint64_t after_ns, void (*fire)(TimerNode&)) {
  timer.channel = this;
  timer.at_ns = worker_.now_ns() + after_ns;
  timer.fire = fire;
  worker_.add_timer(timer);
}

}  // namespace chi::runtime
