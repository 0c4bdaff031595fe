// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Resolving queries, gathering and merging replies.
#include "runtime/dispatch.h"

#include <algorithm>

#include "runtime/error_reply.h"
#include "runtime/places.h"
#include "runtime/worker.h"

namespace chi::runtime {
namespace {

constexpr std::uint32_t kMerged = 0xffffffff;

const chi_method kBarrier{kBarrierMethod, CHI_ACCESS_READ, "barrier", "()", "()", nullptr, nullptr, CHI_ROUTE_ALL, 0};

Container* least_loaded(const Pool& pool) {
  Container* best = nullptr;
  std::uint32_t least = ~0u;
  for (auto& container : pool.containers) {
    std::uint32_t load = container->running.load(std::memory_order_relaxed);
    if (load < least) {
      least = load;
      best = container.get();
    }
  }
  return best;
}

void append_u16(std::string& out, std::uint16_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void append_u32(std::string& out, std::uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_reply(std::string& out, std::vector<chi_buffer>& buffers, std::uint32_t container, Code code,
                  const chi_message& message) {
  append_u32(out, container);
  append_u16(out, static_cast<std::uint16_t>(code));
  append_u16(out, static_cast<std::uint16_t>(message.buffer_count));
  append_u32(out, message.size);
  out.append(reinterpret_cast<const char*>(message.data), message.size);
  buffers.insert(buffers.end(), message.buffers, message.buffers + message.buffer_count);
}

}  // namespace

const chi_method* find_method(const Pool& pool, std::uint32_t id) {
  return id == kBarrierMethod ? &kBarrier : pool.module->method(id);
}

class Dispatch::Part final : public Call, public Pooled {
 public:
  Part(Dispatch& of, std::uint32_t container_index) : dispatch(of), container(container_index) {}
  void answered(const Answer& answer) override {
    was_answered = true;
    dispatch.part_answered(*this, answer);
  }
  void over() override {
    Dispatch& of = dispatch;
    of.part_over(*this);
  }

  Dispatch& dispatch;
  std::uint32_t container;
};

Dispatch::~Dispatch() {
  if (worker_) worker_->remove_timer(timer_);
}

void Dispatch::start(Worker& worker, const Request& request, const chi_message& message) {
  worker_ = &worker;
  request_ = request;
  if (const std::uint64_t most = worker.options().max_message; message.size > most) {
    return fail({Code::invalid_argument,
                 "a request of " + std::to_string(message.size) + " bytes of fields; at most " + std::to_string(most) +
                     " (call.max_message) may be: pass bulk data as Bytes or Buffer",
                 kRouter});
  }
  message_.copy(message);
  if (request_.deadline_ns == 0 && request_.period_ns == 0) {
    request_.deadline_ns = worker.now_ns() + worker.options().default_deadline_ns;
  }
  if (request_.period_ns == 0) return begin_round();
  if (admit_pool()) arm_period();
}

const Pool* Dispatch::admit_pool() {
  const Pool* pool = worker_->find_pool(request_.pool);
  if (!pool || pool->draining.load(std::memory_order_acquire)) {
    fail({Code::not_found, "no pool has this id here; it may have been destroyed: look its name up again", kRouter},
         shm::kNotAdmitted);
    return nullptr;
  }
  method_ = find_method(*pool, request_.method);
  if (!method_) {
    fail({Code::unimplemented,
          "module " + pool->module->name() + " has no method " + std::to_string(request_.method) +
              "; `chimaera module describe " + pool->module->name() + "` lists them",
          kRouter});
    return nullptr;
  }
  if (request_.session != 0 &&
      !pool->allows(request_.uid, request_.gid, request_.groups, method_->flags & CHI_ACCESS_WRITE)) {
    fail({Code::permission_denied,
          "pool '" + pool->name + "' does not let uid " + std::to_string(request_.uid) + " call " + method_->name +
              "; its owner sets the mode when it creates the pool",
          kRouter});
    return nullptr;
  }
  return pool;
}

Result<std::vector<Container*>> Dispatch::targets(const Pool& pool) {
  const Query& query = request_.query;
  auto count = static_cast<std::uint32_t>(pool.containers.size());
  auto at = [&](std::uint32_t index) { return pool.containers[index].get(); };
  auto span = [&](std::uint32_t first, std::uint32_t number) {
    std::vector<Container*> out;
    for (std::uint32_t i = first; i < first + number; ++i) out.push_back(at(i));
    return out;
  };
  switch (query.kind) {
    case QueryKind::container:
      if (query.first < count) return span(query.first, 1);
      break;
    case QueryKind::hash:
      return span(container_of(query.hash, count), 1);
    case QueryKind::range:
    case QueryKind::until_success: {
      if (query.first >= count) break;
      std::uint32_t number = query.count == 0 ? count - query.first : query.count;
      if (number > count - query.first) break;
      return span(query.first, number);
    }
    case QueryKind::automatic:
      if (count != 1 && method_->route != CHI_ROUTE_ALL) return std::vector<Container*>{least_loaded(pool)};
      return span(0, count);
    case QueryKind::any:
      return std::vector<Container*>{least_loaded(pool)};
    case QueryKind::leader:
      return span(0, 1);  // one replica a container: each leads its own group, 0 the pool
    case QueryKind::node:
      if (query.first != 0) {
        return Error{Code::not_found, "no node " + std::to_string(query.first) + " in this cluster; there is node 0",
                     kRouter};
      }
      return span(0, count);
    case QueryKind::all:
    case QueryKind::local:
      return span(0, count);
  }
  return Error{Code::not_found,
               "the query " + to_string(query) + " names containers that pool '" + pool.name +
                   "' does not have: it has " + std::to_string(count),
               kRouter};
}

void Dispatch::begin_round() {
  const Pool* pool = admit_pool();
  if (!pool) return;
  auto found = targets(*pool);
  if (!found) return fail(std::move(found).error());
  targets_ = std::move(*found);
  module_ = pool->module;
  QueryKind kind = request_.query.kind;
  bool single = request_.query.single() || (kind == QueryKind::automatic && targets_.size() == 1);
  mode_ = kind == QueryKind::until_success ? Mode::until_success : single ? Mode::single : Mode::gather;
  if (request_.check_epoch && mode_ == Mode::single && targets_[0]->epoch != request_.epoch) {
    return fail({Code::wrong_owner, "the container is in epoch " + std::to_string(targets_[0]->epoch), kRouter},
                shm::kNotAdmitted);
  }
  replies_.clear();
  next_target_ = 0;
  std::size_t now = mode_ == Mode::gather ? targets_.size() : 1;
  unanswered_ = static_cast<unsigned>(now);
  starting_ = true;
  ++alive_;  // holds this object while parts may end at once
  while (next_target_ < now) start_part(*targets_[next_target_++]);
  starting_ = false;
  --alive_;
  if (unanswered_ == 0 && mode_ == Mode::gather) all_answered();
  maybe_over();
}

void Dispatch::start_part(Container& container) {
  Task* task = worker_->take_spare();
  task->method = method_;
  task->deadline_ns =
      request_.period_ns != 0 ? worker_->now_ns() + worker_->options().default_deadline_ns : request_.deadline_ns;
  task->sequence = request_.sequence;
  task->first_incomplete = request_.first_incomplete;
  task->session = request_.session;
  task->uid = request_.uid;
  task->gid = request_.gid;
  task->lender = request_.lender;
  task->priority = request_.priority;
  task->request.copy(message_.view());
  auto* part = new Part(*this, container.index);
  parts_.push_back(part);
  ++alive_;
  worker_->start_call(*part, task, container);
}

void Dispatch::part_answered(Part& part, const Answer& answer) {
  --unanswered_;
  if (answered_) return;
  if (mode_ == Mode::gather) {
    replies_.push_back({part.container, answer.code, answer.kept()});
    if (unanswered_ == 0 && !starting_) all_answered();
    return;
  }
  bool again = mode_ == Mode::until_success && answer.code != Code::ok && next_target_ < targets_.size() &&
               !cancelled_ && worker_->find_pool(request_.pool);
  if (!again) return end_round(answer);
  ++unanswered_;
  start_part(*targets_[next_target_++]);
}

void Dispatch::part_over(Part& part) {
  delete &part;
  --alive_;
  maybe_over();
}

// Module code, so it runs as a step of its own; the dispatch waits for it.
class Dispatch::Merge final : public StepJob, public Pooled {
 public:
  explicit Merge(Dispatch& of) : dispatch_(of) {
    for (Reply& reply : of.replies_) {
      if (reply.code == Code::ok) good_.push_back(reply.message.view());
    }
  }

  void run() override {
    auto keep = [](void* context, const chi_message* message) { static_cast<OwnedMessage*>(context)->copy(*message); };
    try {
      code_ = dispatch_.method_->merge(good_.data(), static_cast<std::uint32_t>(good_.size()), &merged_, keep);
    } catch (...) {
      code_ = static_cast<std::int32_t>(Code::internal);
    }
  }

  void done(Worker&) override {
    Dispatch& of = dispatch_;
    --of.alive_;
    of.worker_->remove_timer(of.timer_);
    if (!of.answered_) of.gathered(static_cast<Code>(code_), merged_.view());
    delete this;
    of.maybe_over();
  }

 private:
  Dispatch& dispatch_;
  std::vector<chi_message> good_;
  OwnedMessage merged_;
  std::int32_t code_ = 0;
};

void Dispatch::all_answered() {
  std::sort(replies_.begin(), replies_.end(), [](auto& a, auto& b) { return a.container < b.container; });
  bool some_good = std::any_of(replies_.begin(), replies_.end(), [](auto& reply) { return reply.code == Code::ok; });
  merging_ = method_->merge && some_good;
  if (!merging_) return gathered(Code::ok, {});
  ++alive_;
  arm_timer(request_.deadline_ns, [](TimerNode& timer) {
    static_cast<Timer&>(timer).dispatch->fail(
        {Code::deadline_exceeded, "the merge of the replies did not end in time", kRouter});
  });
  worker_->add_job(new Merge(*this));
}

// Where the merge fails, the call has no value, and no container's name is on that failure: it fails as a whole.
void Dispatch::gathered(Code merge_code, const chi_message& merged) {
  if (merge_code != Code::ok) {
    Answer failed;
    failed.code = merge_code;
    failed.message = merged;
    return end_round(failed);
  }
  std::string bytes;
  std::vector<chi_buffer> buffers;
  std::uint32_t count = 0;
  append_u32(bytes, 0);
  if (merging_) {
    append_reply(bytes, buffers, kMerged, merge_code, merged);
    ++count;
  }
  for (Reply& reply : replies_) {
    if (merging_ && reply.code == Code::ok) continue;
    append_reply(bytes, buffers, reply.container, reply.code, reply.message.view());
    ++count;
  }
  std::memcpy(bytes.data(), &count, sizeof count);
  const std::uint64_t most = worker_->options().max_message;
  if (bytes.size() > most) return end_round(ErrorReply(reply_too_large(bytes.size(), most, kRouter)).answer());
  Answer answer;
  answer.flags = shm::kGathered;
  answer.message = {reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<std::uint32_t>(bytes.size()),
                    static_cast<std::uint32_t>(buffers.size()), buffers.data()};
  end_round(answer);
}

void Dispatch::end_round(const Answer& answer) {
  if (request_.period_ns == 0 || cancelled_) return this->answer(answer);
  if (answer.code == Code::ok) return arm_period();
  this->answer(answer);
}

void Dispatch::arm_period() {
  arm_timer(worker_->now_ns() + request_.period_ns,
            [](TimerNode& timer) { static_cast<Timer&>(timer).dispatch->begin_round(); });
}

void Dispatch::arm_timer(std::uint64_t at_ns, void (*fire)(TimerNode&)) {
  if (at_ns == 0) return;
  timer_.dispatch = this;
  timer_.at_ns = at_ns;
  timer_.fire = fire;
  worker_->add_timer(timer_);
}

void Dispatch::fail(const Error& error, std::uint8_t flags) {
  ErrorReply reply(error, flags);
  answer(reply.answer());
  maybe_over();
}

void Dispatch::answer(const Answer& answer) {
  if (std::exchange(answered_, true)) return;
  worker_->remove_timer(timer_);
  ++alive_;
  // Where there were more containers or rounds than this one, others may have been admitted before.
  if (answer.flags & shm::kNotAdmitted && (mode_ == Mode::until_success || request_.period_ns != 0)) {
    Answer last = answer;
    last.flags &= static_cast<std::uint8_t>(~shm::kNotAdmitted);
    asker_.answered(last);
  } else {
    asker_.answered(answer);
  }
  --alive_;
}

void Dispatch::maybe_over() {
  if (!answered_ || alive_ != 0 || over_) return;
  over_ = true;
  asker_.over();
}

void Dispatch::cancel() {
  if (answered_ || cancelled_) return;
  cancelled_ = true;
  if (timer_.armed()) return fail({Code::cancelled, "the caller went away or cancelled the call", kRouter});
  parts_.for_each([](Operator& part) { part.cancel(); });
}

}  // namespace chi::runtime
