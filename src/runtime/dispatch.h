// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From one request to the containers that it is for, and from their replies to one answer.
//
// A Dispatch belongs to whoever asks (an Asker) and lives on that worker. It makes one Call for each container: a
// single one, several at once (gathered, merged when the request can), one after the other until one succeeds, or the
// same again and again (periodic).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/task.h"

namespace chi::runtime {

class Module;
class Session;

struct Pool;

// The method of this number in the pool's module, the barrier included; or null.
const chi_method* find_method(const Pool& pool, std::uint32_t id);

// Who asks. Both are called once, `over` after `answered`; `over` may destroy the dispatch.
class Asker {
 public:
  virtual void answered(const Answer& answer) = 0;
  virtual void over() = 0;

 protected:
  ~Asker() = default;
};

// What is asked, and on whose behalf.
struct Request {
  PoolId pool = kNoPool;
  std::uint32_t method = 0;
  Query query;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;  // not 0: periodic
  Priority priority = Priority::low_latency;
  bool forget = false;
  bool check_epoch = false;
  Epoch epoch = 0;
  SessionId session = 0;
  std::uint64_t sequence = 0;
  std::uint64_t first_incomplete = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  Session* lender = nullptr;  // of memory for replies that its client can see; null: the caller is no client
  std::span<const std::uint32_t> groups;  // supplementary ones; outlive the call
};

class Dispatch final {
 public:
  explicit Dispatch(Asker& asker) : asker_(asker) {}
  ~Dispatch();

  // Call once. The message is copied, its buffers kept by reference. Errors come through the asker, perhaps before this
  // returns.
  void start(Worker& worker, const Request& request, const chi_message& message);

  // Ends early with `cancelled`; what runs is told to end. Does nothing when it was answered.
  void cancel();

  bool was_answered() const noexcept { return answered_; }

 private:
  class Part;
  class Merge;
  enum class Mode { single, gather, until_success };

  Result<std::vector<Container*>> targets(const Pool& pool);
  const Pool* admit_pool();
  void begin_round();
  void start_part(Container& container);
  void part_answered(Part& part, const Answer& answer);
  void part_over(Part& part);
  void all_answered();
  void gathered(Code merge_code, const chi_message& merged);
  void end_round(const Answer& answer);
  void fail(const Error& error, std::uint8_t flags = 0);
  void answer(const Answer& answer);
  void maybe_over();
  void arm_period();
  void arm_timer(std::uint64_t at_ns, void (*fire)(TimerNode&));

  Asker& asker_;
  Worker* worker_ = nullptr;
  Request request_;
  OwnedMessage message_;
  const chi_method* method_ = nullptr;
  std::shared_ptr<const Module> module_;  // which the method is of
  Mode mode_ = Mode::single;
  std::vector<Container*> targets_;
  std::size_t next_target_ = 0;
  unsigned unanswered_ = 0;  // parts of this round
  unsigned alive_ = 0;       // parts that are not over
  bool answered_ = false;
  bool over_ = false;
  bool merging_ = false;
  bool cancelled_ = false;
  bool starting_ = false;

  struct Reply {
    std::uint32_t container;
    Code code;
    OwnedMessage message;
  };
  std::vector<Reply> replies_;
  List<Operator> parts_;
  struct Timer : TimerNode {
    Dispatch* dispatch = nullptr;
  } timer_;  // of the next round, or the merge's deadline
};

}  // namespace chi::runtime
