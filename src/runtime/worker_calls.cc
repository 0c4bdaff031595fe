// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls from the worker that makes them to the one that executes them, and the way back.
#include "runtime/worker.h"

namespace chi::runtime {
namespace {

// The task comes home: its call is its maker's, and so is its memory once it is over.
struct AnswerMail final : Mail, Pooled {
  AnswerMail(Task& of, const Answer* how, bool last) : task(of), first(how != nullptr), over(last) {
    if (!how) return;
    answer = *how;
    message = how->kept();
  }

  void deliver(Worker& worker) override {
    Call& call = *task.call;
    answer.message = message.view();
    answer.gives_buffers = true;
    if (first) call.answered(answer);
    if (over) worker.call_over(call);
    delete this;
  }

  Task& task;
  bool first;
  bool over;
  Answer answer;
  OwnedMessage message;
};

// Goes to the task's worker and back again: until then neither task nor call goes away.
struct CancelMail final : Mail, Pooled {
  CancelMail(Call& to_cancel, std::uint8_t of_lot) : call(to_cancel), lot(of_lot) {}

  // It may be faster than the task, and the lane may have moved.
  void deliver(Worker& worker) override {
    if (!returning) {
      Container& container = *call.task->container;
      if (!container.owned_by(worker) || call.task->state == Task::State::on_the_way) {
        return container.worker().send(this);
      }
      worker.cancel(*call.task);
      worker.count_arrival(container, lot);
      returning = true;
      call.maker->send(this);
      return;
    }
    call.cancelling = false;
    if (call.ended) worker.call_over(call);
    delete this;
  }

  Call& call;
  const std::uint8_t lot;  // it is counted as a task is: so its container outlives it
  bool returning = false;
};

}  // namespace

void Call::cancel() { maker->cancel_call(*this); }

void Worker::start_call(Call& call, Task* task, Container& container) {
  call.maker = this;
  call.task = task;
  task->call = &call;
  task->container = &container;
  const Container::Owner owner = container.owner();
  if (&owner.worker() == this) {
    if (!container.mail_on_the_way()) return arrive(task);
    // The caller may have come here itself since it sent what is still on its way to this worker: behind that, then.
    task->detour = true;
    ++container.detours;
  }
  task->state = Task::State::on_the_way;
  task->lot = owner.lot();
  container.on_the_way[task->lot].fetch_add(1, std::memory_order_relaxed);
  owner.worker().send(task);
}

// By mail even to this worker: a chain of calls of any depth is cancelled without recursion.
void Worker::cancel_call(Call& call) {
  if (!call.task || call.cancelling) return;
  call.cancelling = true;
  Container& container = *call.task->container;
  const Container::Owner owner = container.owner();
  container.on_the_way[owner.lot()].fetch_add(1, std::memory_order_relaxed);
  owner.worker().send(new CancelMail(call, owner.lot()));
}

void Worker::mail_answer(Task& task, const Answer* answer, bool over) {
  task.call->maker->send(new AnswerMail(task, answer, over));
}

void Worker::call_over(Call& call) {
  if (call.cancelling) {
    call.ended = true;
    return;
  }
  keep_spare(std::exchange(call.task, nullptr));
  call.unlink();
  call.over();
}

}  // namespace chi::runtime
