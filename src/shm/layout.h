// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What client and daemon share in memory, byte for byte. Both map it; neither believes the other more than it must:
// the daemon believes nothing, the client checks what would hurt itself.
//
// A stream belongs to one client thread. It holds, for each worker and priority, a channel: a ring of request slots
// and a ring of reply slots. A message takes 1 to kMaxMessageSlots consecutive slots; its first slot's `position` is
// stored last, with release order, and says that the message is there: it equals the slot's running position in the
// ring, counted from 1. How many slots it takes follows from its size. The `position` words of the slots that follow
// are never written while they carry payload, so a stale word there is always behind. A ring is full when kRingSlots
// slots lie between the writer's position and the head that the reader publishes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace chi::shm {

inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::uint32_t kRingSlots = 256;
inline constexpr std::uint32_t kMaxMessageSlots = 8;
inline constexpr std::uint32_t kContinuationBytes = 60;
inline constexpr std::uint32_t kPriorities = 2;
inline constexpr std::uint32_t kMaxWorkers = 64;

// Where bytes lie in the memory that a session shares.
struct BufferDescriptor {
  std::uint32_t segment;
  std::uint32_t size;
  std::uint64_t offset;
};
static_assert(sizeof(BufferDescriptor) == 16);

// Flags of a request.
inline constexpr std::uint8_t kFireAndForget = 1;
inline constexpr std::uint8_t kPeriodic = 2;  // `incomplete_delta` is the period in microseconds; no deadline
inline constexpr std::uint8_t kBodyInArena =
    4;  // inline data is one descriptor of the body; `buffers` counts those in it
inline constexpr std::uint8_t kNoEpochCheck = 8;  // the caller believes any epoch
// No call, but:
inline constexpr std::uint8_t kCancel = 16;   // the call with this sequence is to end
inline constexpr std::uint8_t kRelease = 32;  // descriptors only: buffers of reply arenas, no longer used

inline constexpr std::uint32_t kInlineRequest = 22;
inline constexpr std::uint32_t kInlineReply = 50;

// A body is the encoded fields (`payload_size` bytes), followed directly by `buffers` descriptors.
struct alignas(kCacheLine) RequestSlot {
  std::atomic<std::uint32_t> position;
  std::uint16_t method;
  std::uint8_t flags;
  std::uint8_t buffers;  // descriptors after the payload, at most CHI_MAX_BUFFERS
  std::uint64_t pool;
  std::uint32_t sequence_low;      // see sequence()
  std::uint32_t incomplete_delta;  // sequence - first incomplete sequence of the stream, at most 2^32 - 1
  std::uint32_t deadline_tick;     // kTickNs units of the daemon's clock (Record::clock_ns), modulo 2^32; 0: none
  std::uint32_t target;            // container index, first of a range, node id; or low half of the hash
  std::uint32_t target_extra;      // believed epoch (container), count (range, until_success); or high half of the hash
  std::uint16_t sequence_high;
  std::uint16_t payload_size;  // without descriptors; for kBodyInArena unused: the body's size says it
  std::uint8_t query;          // chi::QueryKind, never `automatic`
  std::uint8_t moves;          // of a container: what the lane map said when the caller looked there
  std::uint8_t data[kInlineRequest];

  // Rises in each stream, below kMostSequences; its low bits index the client's table of waiting calls.
  std::uint64_t sequence() const noexcept { return std::uint64_t{sequence_high} << 32 | sequence_low; }
  void set_sequence(std::uint64_t sequence) noexcept {
    sequence_low = static_cast<std::uint32_t>(sequence);
    sequence_high = static_cast<std::uint16_t>(sequence >> 32);
  }
};
static_assert(sizeof(RequestSlot) == kCacheLine);

// Flags of a reply.
inline constexpr std::uint8_t kStillRunning = 1;  // the caller got an early answer; its buffers are still in use,
inline constexpr std::uint8_t kFinished = 2;      // until a message with this flag (and no body) follows
inline constexpr std::uint8_t kGathered = 8;      // the payload is a gathered set (runtime/gather.h); kBodyInArena is 4
// The call was not admitted, for what the client knows of the pool is out of date: no handler has seen it, and it may
// be sent again. Only the runtime sets this; an error that a module answers with never has it, whatever its code and
// text.
inline constexpr std::uint8_t kNotAdmitted = 16;

struct alignas(kCacheLine) ReplySlot {
  std::atomic<std::uint32_t> position;
  std::uint16_t code;  // chi::Code; when not ok the payload is an encoded Error
  std::uint8_t flags;
  std::uint8_t buffers;
  std::uint32_t sequence;  // low half
  std::uint16_t payload_size;
  std::uint8_t data[kInlineReply];
};
static_assert(sizeof(ReplySlot) == kCacheLine);

inline constexpr std::uint64_t kTickNs = 1u << 20;  // 1.05 ms

// The time that a tick means, a tick being the low part of a time; those meant are within 26 days of now. 0: none.
constexpr std::uint64_t deadline_of(std::uint32_t tick, std::uint64_t now_ns) noexcept {
  if (tick == 0) return 0;
  const auto now_tick = static_cast<std::uint32_t>(now_ns / kTickNs);
  const auto ahead = static_cast<std::int32_t>(tick - now_tick);
  if (ahead < 0) return 1;  // long past
  return (now_ns / kTickNs + static_cast<std::uint32_t>(ahead)) * kTickNs + 1;
}

inline constexpr std::uint64_t kMostSequences = std::uint64_t{1} << 48;  // a year at 9 million calls a second
inline constexpr std::uint32_t kMaxInlineRequest = kInlineRequest + (kMaxMessageSlots - 1) * kContinuationBytes;
inline constexpr std::uint32_t kMaxInlineReply = kInlineReply + (kMaxMessageSlots - 1) * kContinuationBytes;

struct Channel {
  RequestSlot requests[kRingSlots];
  ReplySlot replies[kRingSlots];
  alignas(kCacheLine) std::atomic<std::uint32_t> request_head;  // daemon: all positions below or at it are consumed
  alignas(kCacheLine) std::atomic<std::uint32_t> reply_head;    // client: the same for replies
};

// One client thread's rings. `channels` is laid out as [worker][priority].
struct Stream {
  alignas(kCacheLine) std::atomic<std::uint32_t> client_waits;  // futex; 1: the thread sleeps, or is about to
  alignas(kCacheLine) Channel channels[1];                      // workers * kPriorities of them

  static constexpr std::size_t bytes(std::uint32_t workers) noexcept {
    return kCacheLine + std::size_t{workers} * kPriorities * sizeof(Channel);
  }
  Channel& channel(std::uint32_t worker, std::uint32_t priority) noexcept {
    return channels[worker * kPriorities + priority];
  }
};

// Published by the daemon, read-only for clients: who sleeps, and which worker owns which container.
struct LaneMap {
  static constexpr std::uint32_t kEntries = 1u << 20;  // the memory ends earlier where the daemon may not have more
  static constexpr std::uint32_t kMagic = 0x4c4e4d31;  // "LNM1"

  std::uint32_t magic;
  std::atomic<std::uint32_t> workers;  // active ones, the first so many: what may go to any worker goes to one of them
  std::uint64_t incarnation;           // of this daemon process
  struct alignas(kCacheLine) Worker {
    std::atomic<std::uint32_t> asleep;  // 1: wake it through its eventfd after a request was stored
  } worker[kMaxWorkers];
  // A container's entry: worker in bits 0-15, how often it has moved (modulo 256) in bits 16-23, epoch in bits 32-63;
  // 0: not alive. A pool's entries are consecutive.
  alignas(kCacheLine) std::atomic<std::uint64_t> entries[kEntries];

  static constexpr std::uint64_t entry(std::uint32_t worker_index, std::uint32_t epoch,
                                       std::uint8_t moves = 0) noexcept {
    return std::uint64_t{epoch} << 32 | std::uint32_t{moves} << 16 | worker_index;
  }
  static constexpr std::uint32_t worker_of(std::uint64_t entry) noexcept { return entry & 0xffff; }
  static constexpr std::uint8_t moves_of(std::uint64_t entry) noexcept { return entry >> 16 & 0xff; }
  static constexpr std::uint32_t epoch_of(std::uint64_t entry) noexcept { return entry >> 32; }
};

}  // namespace chi::shm
