// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Completions.
#include "runtime/completion.h"

#include "runtime/service_scope.h"
#include "runtime/worker.h"

namespace chi::runtime {

void Completion::settle_here(Code code, std::int64_t result, const chi_message& reply) {
  code_ = code;
  result_ = result;
  reply_.copy(reply);
  work_.run = run_on_lane;
  work_.task = nullptr;
  work_.owner = this;
  container_.worker().add_ready(container_, &work_);
}

void Completion::settle(Code code, OwnedMessage reply) {
  run_at(container_, [this, code, message = std::move(reply)](Worker&) { settle_here(code, 0, message.view()); });
}

// Module code runs in here: the thread may have lost the worker when it returns.
void Completion::run_on_lane(chi_work* work) {
  Completion& self = *static_cast<LaneWork*>(work)->owner;
  Worker& worker = self.container_.worker();
  chi_completion& done = *self.done_;
  done.code = static_cast<std::int32_t>(self.code_);
  done.result = self.result_;
  done.reply = self.reply_.view();
  worker.meter().completes(done);
  done.work.run(&done.work);
  ServiceScope scope(worker);
  if (scope.direct()) {
    self.ran();
  } else {
    run_at(self.container_, [&self](Worker&) { self.ran(); });
  }
}

Task* Completion::task_behind(const chi_work& work) noexcept {
  const chi_work& real = is_one(work) ? static_cast<const LaneWork&>(work).owner->done_->work : work;
  return static_cast<Task*>(real.task);
}

void Completion::ran() { delete this; }

}  // namespace chi::runtime
