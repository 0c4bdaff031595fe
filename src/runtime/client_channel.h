// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One channel of a client's stream, as the worker that serves it sees it. All on that worker's thread.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>

#include "runtime/dispatch.h"
#include "runtime/lane_fence.h"
#include "runtime/pool.h"
#include "runtime/session.h"
#include "shm/ring.h"

namespace chi::runtime {

class Worker;

class ClientChannel final : public Pooled {
 public:
  static constexpr std::uint32_t kMaxOutstanding = 1024;
  static constexpr std::size_t kMaxLateBytes = 8 << 20;  // of replies that the ring has no room for

  ClientChannel(Worker& worker, std::shared_ptr<ClientStream> stream, Priority priority);
  ~ClientChannel();

  // Whether there is a message to take. A client that does not read its replies is not read from, either.
  bool ready() const noexcept {
    if (fence_) [[unlikely]]
      return fence_passed();
    return outstanding_ < kMaxOutstanding && late_.size() < kMaxOutstanding && late_bytes_ < kMaxLateBytes &&
           !closed_ && reader_.ready();
  }
  // See Reader::expect.
  void expect(std::uint64_t now_ns) const noexcept {
    if (!rests(now_ns)) reader_.expect();
  }
  // Whether it is to be let alone for this turn: see pace().
  bool rests(std::uint64_t now_ns) const noexcept { return now_ns < rest_until_ns_; }
  Priority priority() const noexcept { return priority_; }
  Session& session() const noexcept { return *stream_->session; }
  const ClientStream& stream() const noexcept { return *stream_; }

  // Takes and handles up to `budget` messages. Returns how many; kLost when the thread lost the worker meanwhile.
  static constexpr unsigned kLost = ~0u;
  unsigned poll(unsigned budget);

  // How many messages it may have handled in one turn beside other channels, by what those before have taken.
  unsigned share() const noexcept { return share_; }
  void took(unsigned messages, std::uint64_t ns) noexcept {
    constexpr std::uint64_t kTurnNs = 20'000;
    if (messages != 0)
      share_ = static_cast<unsigned>(std::clamp<std::uint64_t>(kTurnNs * messages / (ns + 1), 1, 1024));
  }

  // Tells the client how its call ended.
  void reply(std::uint64_t sequence, const Answer& answer);
  // That a call, answered before or never to be answered, is really over now. `flags`: kNotAdmitted, or none.
  void finished(std::uint64_t sequence, Code code, std::uint8_t flags = 0);

  // A task of this channel that goes on beyond its step; until it is done.
  void park(Task& task) {
    task.in_channel.task = &task;
    parked_.push_back(&task.in_channel);
  }
  // The lane of a parked task moves to another worker: from now on it is a call that this channel has made.
  void send_away(Task& task);
  // Takes all that is there to be taken and puts it in lanes; runs nothing.
  void drain();
  void task_done() noexcept { --outstanding_; }

  // Wakes a client that sleeps, and writes what the ring had no room for. Call at the end of a turn when `dirty()`.
  bool dirty() const noexcept { return dirty_; }
  void flush();

  // The client is gone: nothing is read any more.
  void close();
  // And what runs is cancelled, up to so many calls: call it again while it says that there were any.
  unsigned end_calls(unsigned most);
  bool closed() const noexcept { return closed_; }
  bool drained() const noexcept { return closed_ && outstanding_ == 0; }

  void forget_pool(const Pool* pool) noexcept {
    if (last_pool_ == pool) last_pool_ = nullptr;
  }

 private:
  class Away;
  class Proxy;
  class Remote;
  struct Late {
    std::uint32_t sequence;
    std::uint8_t flags;
    Code code;
    OwnedMessage message;
  };

  // What a request's message points to, while it is handled: never in memory that the client can write.
  struct RequestMemory {
    chi_buffer buffers[CHI_MAX_BUFFERS];
    std::unique_ptr<std::uint8_t[]> body;
  };
  struct Timer : TimerNode {
    ClientChannel* channel = nullptr;
  };

  bool handle(const shm::RequestSlot& slot, const std::uint8_t* bytes, std::uint32_t size);
  bool handle_call(const shm::RequestSlot& slot, const std::uint8_t* bytes, std::uint32_t size);
  bool fence_passed() const noexcept;
  void put_fence(const shm::RequestSlot& slot, const std::uint8_t* bytes, std::uint32_t size,
                 const Container& container);
  void look_over_fence();
  void pace(unsigned taken) noexcept;
  bool older_may_wait(const Container& container, std::uint8_t moves_seen, bool here);
  void take_fence();
  void arm(Timer& timer, std::uint64_t after_ns, void (*fire)(TimerNode&));
  bool run_here(const shm::RequestSlot& slot, Container& container, const chi_method& method,
                const chi_message& message);
  void dispatch(const shm::RequestSlot& slot, const chi_message& message);
  void cancel(std::uint64_t sequence);
  void refuse(const shm::RequestSlot& slot, const Error& error);
  Status read_message(const shm::RequestSlot& slot, const std::uint8_t* bytes, RequestMemory& memory, chi_message& out);
  Status read_descriptors(const std::uint8_t* at, std::uint32_t count, RequestMemory& memory);
  bool write(std::uint32_t sequence, Code code, std::uint8_t flags, const chi_message& message);
  bool write_inline(std::uint32_t sequence, Code code, std::uint8_t flags, const std::uint8_t* bytes,
                    std::uint32_t payload, std::uint32_t buffers, std::uint32_t size = 0);
  Status lend(const chi_message& message, std::vector<std::uint8_t>& body);
  Status lend_bytes(const void* data, std::size_t size, shm::BufferDescriptor& out);
  const Pool* find_pool(PoolId id);

  Worker& worker_;
  std::shared_ptr<ClientStream> stream_;
  shm::Stream& shared_;
  Priority priority_;
  shm::RequestReader reader_;
  shm::ReplyWriter writer_;
  unsigned share_ = 1;
  unsigned several_ = 0;
  std::uint64_t rest_until_ns_ = 0;
  std::uint64_t polled_ns_ = 0;
  std::uint32_t outstanding_ = 0;
  bool dirty_ = false;
  bool closed_ = false;
  const Pool* last_pool_ = nullptr;
  bool may_read_ = false;
  bool may_write_ = false;
  std::deque<Late> late_;
  std::size_t late_bytes_ = 0;
  List<Task::InChannel> parked_;
  List<Away> away_;
  List<Task::InChannel> told_parked_;  // of a closed channel: those that were cancelled, until they are over
  List<Away> told_away_;
  Timer retry_;  // writes to a full ring
  bool queues_only_ = false;
  LanesFenced fenced_;
  std::uint64_t fence_behind_ = 0;  // the move for which the request that is handled just now has waited
  std::unique_ptr<LaneFence> fence_;
  Timer look_;  // over the fence
};

}  // namespace chi::runtime
