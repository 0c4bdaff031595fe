// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The life of a task on the worker that executes it: admitted, run, suspended, answered, disposed of.
#include "runtime/completion.h"
#include "runtime/error_reply.h"
#include "runtime/owned_counter.h"
#include "runtime/worker.h"
#include "shm/layout.h"

namespace chi::runtime {
namespace {

void fire_deadline(TimerNode& timer) {
  Task& task = *static_cast<Task::Deadline&>(timer).task;
  task.container->worker().answer_early(task, Code::deadline_exceeded,
                                        "not finished in time; whether it took effect is unknown");
}

// Thunks catch what their handlers throw; a module that lets something through all the same must not end the daemon.
std::int32_t invoke(Task& task, const chi_message& message, chi_out& out) {
  try {
    return task.method->run(task.container->self, &task, &message, &out);
  } catch (...) {
    std::string bytes =
        encode_to_string(Error{Code::internal, "the handler let an exception through", task.method->name});
    out.code = static_cast<std::int32_t>(Code::internal);
    out.buffer_count = 0;
    out.size = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), out.capacity));
    std::memcpy(out.data, bytes.data(), out.size);
    return CHI_DONE;
  }
}

Answer answer_of(const chi_out& out) {
  Answer answer;
  answer.code = static_cast<Code>(out.code);
  answer.gives_buffers = true;
  answer.message = {out.data, out.size, out.buffer_count, out.buffers};
  return answer;
}

void release_buffers(const chi_message& message) {
  for (std::uint32_t i = 0; i < message.buffer_count; ++i) detail::block_release(message.buffers[i].block);
}

}  // namespace

Task* Worker::take_spare() {
  Task* task = spare_ ? std::exchange(spare_, nullptr) : new Task;
  task->call = nullptr;
  task->channel = nullptr;
  task->answered = task->early = task->replied = task->parked = task->forget = false;
  return task;
}

void Worker::keep_spare(Task* task) {
  if (spare_) {
    delete task;
  } else {
    spare_ = task;
  }
}

void Worker::count_in(Task& task) {
  Container& container = *task.container;
  task.group = container.newest.number;
  ++container.newest.running;
  add_to(container.running, 1);
  meter_.admitted(task);
  task.traced = trace_ && trace_->takes();
}

void Worker::admit(Task* task) {
  Container& container = *task->container;
  task->state = Task::State::queued;
  if (task->method->id == kBarrierMethod) return admit_barrier(task);
  count_in(*task);
  add_to(counts_.queued, 1);
  meter_.queued(*task);
  if (task->traced) [[unlikely]]
    task->waits_since = Ticks::now();
  container.lanes[static_cast<int>(task->priority)].tasks.push(task);
  park(*task);
  if (container.pool.draining.load(std::memory_order_acquire) || !container.self) {
    ErrorReply refusal(Error{Code::not_found, "the pool is being destroyed", container.name()}, shm::kNotAdmitted);
    return complete(*task, refusal.answer());
  }
  make_runnable(container, task->priority);
}

void Worker::admit_barrier(Task* task) {
  Container& container = *task->container;
  add_to(container.running, 1);
  task->group = Task::kNoGroup;
  LaneMeter::barrier(*task);
  task->traced = false;
  task->state = Task::State::suspended;
  park(*task);
  container.newest.barrier = task;
  container.closed.push_back(container.newest);
  container.newest = {container.newest.number + 1, 0, nullptr};
  answer_barriers(container);
}

void Worker::answer_barriers(Container& container) {
  while (!container.closed.empty() && container.closed.front().running == 0) {
    Task* barrier = container.closed.front().barrier;
    container.closed.pop_front();
    if (barrier) complete(*barrier, Answer{});
  }
}

void Worker::leave_group(Container& container, std::uint64_t number) {
  if (number == container.newest.number) {
    --container.newest.running;
    return;
  }
  for (Container::Group& group : container.closed) {
    if (group.number == number) --group.running;
  }
  answer_barriers(container);
}

// A barrier that ends before its turn: nobody is to be told any more.
void Worker::forget_barrier(const Task& task) {
  for (Container::Group& group : task.container->closed) {
    if (group.barrier == &task) group.barrier = nullptr;
  }
}

void Worker::make_runnable(Container& container, Priority priority) {
  Container::Lane& lane = container.lanes[static_cast<int>(priority)];
  if (lane.runnable || container.stuck || lane.idle()) return;
  lane.runnable = true;
  lane.next_runnable = nullptr;
  Runnable& list = runnable_[static_cast<int>(priority)];
  if (list.head) {
    list.tail->lanes[static_cast<int>(priority)].next_runnable = &container;
  } else {
    list.head = &container;
  }
  list.tail = &container;
}

void Worker::make_unrunnable(Container& container) {
  for (int priority = 0; priority < 2; ++priority) {
    Container** at = &runnable_[priority].head;
    Container* last = nullptr;
    for (; *at; last = *at, at = &(*at)->lanes[priority].next_runnable) {
      if (*at != &container) continue;
      *at = container.lanes[priority].next_runnable;
      if (runnable_[priority].tail == &container) runnable_[priority].tail = last;
      break;
    }
    container.lanes[priority].runnable = false;
  }
}

void Worker::add_ready(Container& container, chi_work* work) {
  container.lanes[0].ready.push(work);
  make_runnable(container, Priority::low_latency);
}

// Runs a lane that was just taken off its list.
bool Worker::run_lane(Container& container, Priority priority, unsigned limit, unsigned& ran) {
  Container::Lane& lane = container.lanes[static_cast<int>(priority)];
  constexpr unsigned kInARow = 16;
  for (unsigned i = 0; i < kInARow && ran < limit && !lane.idle() && !container.stuck; ++i, ++ran) {
    if (chi_work* work = lane.ready.pop()) {
      if (!run_ready(container, work)) return false;
      continue;
    }
    Task* task = lane.tasks.pop();
    add_to(counts_.queued, -1);
    LaneMeter::unqueued(*task);
    OwnedMessage request = std::move(task->request);
    if (!run_now(task, request.view())) return false;
    if (task) keep_spare(task);
  }
  lane.runnable = false;
  make_runnable(container, priority);
  return true;
}

bool Worker::run_ready(Container& container, chi_work* work) {
  Task* behind = Completion::task_behind(*work);
  Driver& driver = *Driver::current();
  driver.resumes(behind != nullptr ? behind->method : nullptr);
  if (trace_) [[unlikely]]
    trace_->step_begins(container, behind);
  if (!run_step(&container, nullptr, meter_.ready(*work), [work] { work->run(work); })) {
    run([&container](Worker& worker) { worker.orphan_ended(&container, nullptr, false, {}); });
    return false;
  }
  driver.resumes(nullptr);
  if (trace_) [[unlikely]] {
    trace_->step_ends();
    trace_->step_over();
  }
  return true;
}

bool Worker::run_now(Task*& task, const chi_message& message) {
  return task->traced && trace_ ? run_as<true>(task, message) : run_as<false>(task, message);
}

template <bool kTraced>
bool Worker::run_as(Task*& task_slot, const chi_message& message) {
  Task& task = *task_slot;
  Container& container = *task.container;
  std::uint8_t data[shm::kMaxInlineReply];
  chi_buffer buffers[CHI_MAX_BUFFERS];
  chi_out out{data, sizeof data, 0, 0, 0, buffers};
  task.state = Task::State::in_thunk;
  std::int32_t outcome = CHI_PENDING;
  meter_.begins(task, message);
  if constexpr (kTraced) trace_->step_begins(container, &task);
  bool mine = run_step(&container, &task, LaneMeter::thunk(task), [&] { outcome = invoke(task, message, out); });
  if (!mine) {
    OwnedMessage reply;
    if (outcome == CHI_DONE) reply.adopt(answer_of(out).message);
    run([&container, &task, outcome, code = static_cast<Code>(out.code), reply = std::move(reply)](Worker& worker) {
      worker.orphan_ended(&container, &task, outcome == CHI_DONE, {code, 0, true, reply.view()});
    });
    return false;
  }
  if constexpr (kTraced) trace_->step_ends();
  bool ours = !task.call;
  if (outcome == CHI_DONE) {
    Answer answer = answer_of(out);
    if constexpr (kTraced) trace_->reply_follows();
    end(task, answer);
    if constexpr (kTraced) trace_->reply_ends();
    if (answer.message.buffer_count != 0) release_buffers(answer.message);
  } else if (task.replied) {
    if constexpr (kTraced) trace_->forget_task();
    end(task, Answer{});
  } else {
    task.state = Task::State::suspended;
    if (!task.parked) park(task);
    ours = false;
  }
  if constexpr (kTraced) trace_->step_over();
  if (!ours) task_slot = nullptr;
  return true;
}

void Worker::complete(Task& task, const Answer& answer) {
  bool ours = !task.call;
  const bool traced = trace_ && trace_->reply_begins(task, true);
  if (task.state == Task::State::queued) {
    task.container->lanes[static_cast<int>(task.priority)].tasks.remove(&task);
    add_to(counts_.queued, -1);
    LaneMeter::unqueued(task);
  }
  end(task, answer);
  if (traced) trace_->reply_ends();
  if (ours) keep_spare(&task);
}

// The last of a task: everything but its memory, which is the caller's where it came from a channel.
void Worker::end(Task& task, const Answer& answer) {
  Container& container = *task.container;
  task.state = Task::State::done;
  add_to(container.running, -1);
  add_to(container.completed, 1);
  add_to(counts_.tasks, 1);
  meter_.over(task, answer);
  if (task.parked) unpark(task);
  task.waits.for_each([](Operator& wait) { wait.unlink(); });
  const std::uint64_t group = task.group;
  if (group == Task::kNoGroup) [[unlikely]]
    forget_barrier(task);
  tell(task, answer, true);       // after which the task may be another's
  leave_group(container, group);  // and so a barrier is answered behind what it waited for
}

// Tells the caller how the task ended, unless it knows, and that it is over.
void Worker::tell(Task& task, const Answer& answer, bool over) {
  if (ClientChannel* channel = task.channel) {
    if (task.forget) {
      if (over && answer.code != Code::ok) count_forgotten(task.container->name(), answer.code);
      if (over) channel->finished(task.sequence, answer.code, answer.flags & shm::kNotAdmitted);
    } else if (!task.answered) {
      channel->reply(task.sequence, answer);
    } else if (over && task.early) {
      channel->finished(task.sequence, Code::ok);
    }
    task.answered = true;
    if (over) channel->task_done();
    return;
  }
  bool first = !std::exchange(task.answered, true);
  // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a task without a channel has a call
  Call& call = *task.call;
  if (call.maker != this) return mail_answer(task, first ? &answer : nullptr, over);
  if (first) call.answered(answer);
  if (over) call_over(call);
}

// An answer before the end.
void Worker::tell_early(Task& task, const Answer& answer) {
  const bool traced = trace_ && trace_->reply_begins(task, false);
  tell(task, answer, false);
  if (traced) trace_->reply_ends();
}

void Worker::module_replied(Task& task, const Answer& answer) {
  if (task.state != Task::State::in_thunk) return complete(task, answer);
  LaneMeter::answered(task, answer);
  tell_early(task, answer);
  task.replied = true;
}

void Worker::answer_early(Task& task, Code code, const char* text) {
  if (task.answered || task.state == Task::State::done) return;
  if (task.state == Task::State::held) stop_holding(task);
  bool running = task.state != Task::State::queued && task.method->id != kBarrierMethod;
  ErrorReply reply(Error{code, text, task.container->name()}, running ? shm::kStillRunning : 0);
  if (!running) return complete(task, reply.answer());
  timers_.remove(task.deadline);
  LaneMeter::answered(task, reply.answer());
  task.early = true;
  if (task.forget) {
    task.answered = true;
  } else {
    tell_early(task, reply.answer());
  }
  task.waits.for_each([](Operator& wait) { wait.cancel(); });
}

void Worker::park(Task& task) {
  task.parked = true;
  task.container->parked.push_back(&task);
  if (task.channel) task.channel->park(task);
  if (task.deadline_ns == 0) return;
  task.deadline.task = &task;
  task.deadline.fire = fire_deadline;
  task.deadline.at_ns = task.deadline_ns;
  timers_.add(task.deadline);
}

void Worker::unpark(Task& task) {
  task.parked = false;
  timers_.remove(task.deadline);
  task.unlink();
  task.in_channel.unlink();
}

void Worker::leave_to_orphan(Container* container, Task* task) {
  add_to(counts_.replaced, 1);
  if (trace_ && container) trace_->left_to_orphan(*container);
  if (!container) return;
  container->stuck = true;
  container->load.orphan_method.store(task ? task->method->name : "(resumed)", std::memory_order_relaxed);
  container->load.orphan_since_ns.store(std::max<std::uint64_t>(now_ns_, 1), std::memory_order_relaxed);
  make_unrunnable(*container);
  if (task && !task->parked) park(*task);
}

void Worker::orphan_ended(Container* container, Task* task, bool done, const Answer& answer) {
  meter_.orphan_ended(*container, task, container->load.orphaned_ns(refresh_now()));
  container->stuck = false;
  if (trace_) trace_->orphan_ended(*container);
  if (task && (done || task->replied)) {
    complete(*task, answer);
  } else if (task) {
    task->state = Task::State::suspended;
  }
  make_runnable(*container, Priority::low_latency);
  make_runnable(*container, Priority::high_throughput);
}

}  // namespace chi::runtime
