// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The client's end of one session: the socket, what the daemon handed over at its begin, and the session's memory. A
// connection that has died stays dead; a new one takes its place. Usable from any thread.
#pragma once

#include <chimaera/domain.h>
#include <chimaera/result.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "client/daemon_address.h"
#include "client/memory.h"
#include "shm/layout.h"
#include "shm/packet.h"
#include "shm/segment.h"

namespace chi::client {

// A stream as the daemon made it.
struct StreamMemory {
  SessionId id = 0;
  shm::Segment segment;
};

class Connection {
 public:
  // Connects to a daemon's socket, and looks who listens, before anything is said. Fails with unavailable (nobody
  // there), permission_denied (somebody else listens there, or this user may not connect), resource_exhausted.
  static Result<UniqueFd> dial(const DaemonAddress& address, std::uint64_t deadline_ns);

  // Shakes hands on a connected socket. Deadlines are CLOCK_MONOTONIC nanoseconds. `again`: set when the daemon has no
  // room now, or closed the connection, so that another try may fare better.
  static Result<std::shared_ptr<Connection>> open(UniqueFd socket, std::uint64_t deadline_ns, bool* again = nullptr);

  // Both, again and again with longer pauses while the daemon has no room.
  static Result<std::shared_ptr<Connection>> connect(const DaemonAddress& address, std::uint64_t deadline_ns);

  Result<StreamMemory> open_stream(std::uint64_t deadline_ns);
  void close_stream(SessionId id);

  // Memory of the session; another arena is asked for when need be. resource_exhausted at the session's limit.
  Result<chi_buffer> allocate(std::uint64_t size, std::uint64_t deadline_ns);

  // What a descriptor in a reply names, wherever its arena was announced.
  Result<chi_buffer> borrow(const shm::BufferDescriptor& descriptor);

  // Tells one connection of a client from those before it. Set once, before it is shared.
  std::uint64_t serial = 0;

  // What makes a time of this process's clock one of the daemon's: not 0 where one is in a time namespace.
  std::uint64_t daemon_clock_ahead_ns() const noexcept { return clock_ahead_ns_; }

  Memory& memory() noexcept { return *memory_; }
  // That there can be: what a stream has channels for.
  std::uint32_t workers() const noexcept { return static_cast<std::uint32_t>(wake_fds_.size()); }
  // The number of the worker that what may go to any goes to: the same for the same `number`, while they stay as many.
  std::uint32_t any_worker(std::uint32_t number) const noexcept {
    const std::uint32_t active = lanes().workers.load(std::memory_order_relaxed);
    return active - 1 < workers() ? number % active : 0;
  }
  // Of the map's entries those that are there: what is beyond must not be read.
  std::uint32_t lane_count() const noexcept {
    return static_cast<std::uint32_t>((lane_segment_.size() - offsetof(shm::LaneMap, entries)) / sizeof(std::uint64_t));
  }
  const shm::LaneMap& lanes() const noexcept { return *static_cast<const shm::LaneMap*>(lanes_); }
  void wake(std::uint32_t worker) noexcept;

  bool dead() const noexcept { return dead_.load(std::memory_order_acquire); }
  // Asks the kernel whether the daemon still holds its end, and takes in what it announced; gives !dead().
  bool check();
  static Error lost();

 private:
  Connection(UniqueFd socket, shm::ReceivedPacket&& welcome, shm::Segment lanes);

  Result<shm::ReceivedPacket> exchange(const shm::Record& request, shm::Packet answer, std::uint64_t deadline_ns);
  Result<shm::ReceivedPacket> receive(std::uint64_t deadline_ns);  // under the mutex
  Status take_announcement(shm::ReceivedPacket&& packet);
  Status grow(std::uint64_t size, std::uint64_t deadline_ns);
  Status add_arena(std::uint64_t size, std::uint64_t deadline_ns);
  Error limit_reached(std::uint64_t size) const;
  void die() noexcept { dead_.store(true, std::memory_order_release); }

  UniqueFd socket_;
  std::vector<UniqueFd> wake_fds_;
  shm::Segment lane_segment_;
  const void* lanes_ = nullptr;
  std::uint64_t memory_limit_ = 0;
  std::uint64_t clock_ahead_ns_ = 0;
  std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
  std::mutex mutex_;       // of the socket
  std::mutex grow_mutex_;  // one thread at a time asks for arenas
  std::atomic<bool> dead_{false};
};

}  // namespace chi::client
