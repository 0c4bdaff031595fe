// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One call as the worker that executes it sees it, and one as the worker that made it does.
#pragma once

#include <cstdint>

#include "chimaera/domain.h"
#include "chimaera/method.h"
#include "runtime/abi_types.h"
#include "runtime/frame_pool.h"
#include "runtime/intrusive.h"
#include "runtime/mailbox.h"
#include "runtime/message.h"
#include "runtime/task_meter.h"
#include "runtime/timer_heap.h"

namespace chi::runtime {

class Worker;
class Call;
class ClientChannel;
class Session;
struct Container;

// The method that every module has: a barrier, answered when all tasks admitted before it are complete.
inline constexpr std::uint32_t kBarrierMethod = 0;

// What a task waits for and can be cancelled: a call of its own, or a timer.
struct Operator : ListNode {
  virtual void cancel() = 0;  // on the worker's thread; its end follows, at once or later

  // Its lane moves: takes out of `from`, and puts into `to`, what it has in a worker.
  virtual void leave(Worker& from) noexcept { static_cast<void>(from); }
  virtual void join(Worker& to) { static_cast<void>(to); }

 protected:
  ~Operator() = default;
};

// An admitted call. Made by the worker that the call was made on; belongs to the container's worker until it is over.
// As a list node it is among its container's parked tasks.
struct Task final : chi_task, Mail, ListNode, Pooled {
  enum class State : std::uint8_t { on_the_way, held, queued, in_thunk, suspended, done };

  void deliver(Worker& worker) override;  // of a task from another worker: it arrives

  Task* next = nullptr;  // in its lane's queue
  Container* container = nullptr;
  const chi_method* method = nullptr;
  std::uint64_t deadline_ns = 0;  // 0: none

  // To whom the reply goes: a client's channel of this worker, a call, or nobody (both null).
  ClientChannel* channel = nullptr;
  Call* call = nullptr;
  Session* lender = nullptr;  // with a call: of the client that it began with, whose memory the reply may be in
  std::uint64_t sequence = 0;
  std::uint64_t first_incomplete = 0;
  SessionId session = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;

  State state = State::queued;
  Priority priority = Priority::low_latency;
  std::uint8_t lot = 0;  // of its container's mail
  bool detour = false;   // by mail to the worker that it came from
  bool forget = false;   // fire and forget
  bool answered = false;
  bool early = false;    // it was answered (deadline, cancellation) while its handler went on
  bool replied = false;  // reply() was called while the thunk was on the stack
  bool traced = false;   // while its worker has a trace
  bool parked = false;   // in its worker's care beyond one step: on its container's list, and its channel's

  static constexpr std::uint64_t kNoGroup = ~std::uint64_t{0};  // of a barrier, which no other barrier waits for
  std::uint64_t group = kNoGroup;                               // of its container's barrier groups

  struct InChannel : ListNode {
    Task* task = nullptr;
  } in_channel;
  TaskMeter meter;
  Ticks waits_since;  // for a trace: it was admitted then, or its last step ended

  struct Deadline : TimerNode {
    Task* task = nullptr;
  } deadline;
  List<Operator> waits;
  OwnedMessage request;  // empty while the request still stands in the caller's memory
};

// A call that a worker made to a container of any worker. It lives on its maker's thread, in Worker::start_call's care
// from then until `over`.
class Call : public Operator {
 public:
  // Called once: how it ended, for its maker.
  virtual void answered(const Answer& answer) = 0;
  // Called once, after answered(): nobody uses the request's buffers any more. The call disposes of itself.
  virtual void over() = 0;

  void cancel() override;

  Worker* maker = nullptr;
  Task* task = nullptr;  // null before the start and when over
  bool was_answered = false;
  bool cancelling = false;  // a cancellation is on its way to another worker
  bool ended = false;       // the last word came while `cancelling`

 protected:
  ~Call() = default;
};

}  // namespace chi::runtime
