// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The calls of a client that its channel does not run itself, and the end of calls before their time.
#include <algorithm>
#include <utility>

#include "runtime/client_channel.h"
#include "runtime/worker.h"

namespace chi::runtime {
namespace {

Query query_of(const shm::RequestSlot& slot) {
  Query query;
  query.kind = static_cast<QueryKind>(slot.query);
  if (query.kind == QueryKind::hash) {
    query.hash = std::uint64_t{slot.target_extra} << 32 | slot.target;
  } else {
    query.first = slot.target;
    query.count = query.kind == QueryKind::container ? 1 : slot.target_extra;
  }
  return query;
}

}  // namespace

// A call of the client's that this channel does not run itself.
class ClientChannel::Away : public ListNode, public Pooled {
 public:
  Away(ClientChannel& channel, std::uint64_t sequence, bool forget, bool running_on)
      : channel_(channel), sequence_(sequence), forget_(forget), running_on_(running_on) {}
  virtual ~Away() = default;

  std::uint64_t sequence() const noexcept { return sequence_; }
  virtual void cancel() = 0;

 protected:
  void has_answer(const Answer& answer) {
    if (forget_) {
      code_ = answer.code;
      flags_ = answer.flags & shm::kNotAdmitted;
      if (code_ != Code::ok) channel_.worker_.count_forgotten("a call of a client", code_);
      return;
    }
    running_on_ = answer.still_running();
    channel_.reply(sequence_, answer);
  }

  void is_over() {
    if (forget_ || running_on_) channel_.finished(sequence_, code_, flags_);
    channel_.task_done();
    delete this;
  }

 private:
  ClientChannel& channel_;
  const std::uint64_t sequence_;
  const bool forget_;
  bool running_on_;
  Code code_ = Code::ok;
  std::uint8_t flags_ = 0;
};

// For several containers, another worker's, or periodic.
class ClientChannel::Proxy final : public Away, public Asker {
 public:
  Proxy(ClientChannel& channel, std::uint64_t sequence, bool forget)
      : Away(channel, sequence, forget, false), dispatch_(*this) {}

  Dispatch& dispatch() noexcept { return dispatch_; }
  void cancel() override { dispatch_.cancel(); }
  void answered(const Answer& answer) override { has_answer(answer); }
  void over() override { is_over(); }

 private:
  Dispatch dispatch_;
};

// Begun here, and gone with its lane.
class ClientChannel::Remote final : public Away {
 public:
  Remote(ClientChannel& channel, Task& task)
      : Away(channel, task.sequence, task.forget, task.early && !task.forget), link_(*this) {
    link_.maker = &channel.worker_;
    link_.task = &task;
    task.call = &link_;
    task.channel = nullptr;
    task.lender = channel.stream_->session.get();
    // From here on it is this object that knows of both: whoever forgets a call is told of its end all the same.
    if (std::exchange(task.forget, false)) task.answered = false;
  }
  void cancel() override { link_.cancel(); }

 private:
  struct Link final : Call {
    explicit Link(Remote& remote) : of(remote) {}
    void answered(const Answer& answer) override { of.has_answer(answer); }
    void over() override { of.is_over(); }
    Remote& of;
  } link_;
};

void ClientChannel::dispatch(const shm::RequestSlot& slot, const chi_message& message) {
  Request request;
  request.pool = slot.pool;
  request.method = slot.method;
  request.query = query_of(slot);
  request.priority = priority_;
  request.forget = slot.flags & shm::kFireAndForget;
  request.deadline_ns = shm::deadline_of(slot.deadline_tick, worker_.now_ns());
  if (slot.flags & shm::kPeriodic) request.period_ns = std::max<std::uint64_t>(slot.incomplete_delta, 1) * 1000;
  request.check_epoch = !(slot.flags & shm::kNoEpochCheck) && request.query.kind == QueryKind::container;
  request.epoch = slot.target_extra;
  request.session = stream_->id;
  request.sequence = slot.sequence();
  request.first_incomplete = request.period_ns != 0 ? 0 : slot.sequence() - slot.incomplete_delta;
  request.uid = stream_->session->credentials().uid;
  request.gid = stream_->session->credentials().gid;
  request.lender = stream_->session.get();
  request.groups = stream_->session->credentials().groups;
  auto* proxy = new Proxy(*this, slot.sequence(), request.forget);
  away_.push_back(proxy);
  proxy->dispatch().start(worker_, request, message);
}

void ClientChannel::send_away(Task& task) {
  task.in_channel.unlink();
  away_.push_back(new Remote(*this, task));
}

// Clients cancel what they have waited for longest, or what they have asked for last: it is looked for from both ends.
void ClientChannel::cancel(std::uint64_t sequence) {
  const auto parked = parked_.find([&](const Task::InChannel& each) { return each.task->sequence == sequence; });
  if (parked) return worker_.cancel(*parked->task);
  const auto away = away_.find([&](const Away& each) { return each.sequence() == sequence; });
  if (away) away->cancel();
}

void ClientChannel::close() {
  if (std::exchange(closed_, true)) return;
  late_.clear();
  late_bytes_ = 0;
  fence_.reset();
  worker_.remove_timer(look_);
}

// One at a time from the front, for each may end others. Not by sequence: a client that lies has used one twice.
unsigned ClientChannel::end_calls(unsigned most) {
  unsigned told = 0;
  for (; told < most && !parked_.empty(); ++told) {
    Task::InChannel* link = parked_.front();
    link->unlink();
    told_parked_.push_back(link);
    worker_.cancel(*link->task);
  }
  for (; told < most && !away_.empty(); ++told) {
    Away* away = away_.front();
    away->unlink();
    told_away_.push_back(away);
    away->cancel();
  }
  return told;
}

}  // namespace chi::runtime
