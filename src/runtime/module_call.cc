// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Between a call's home and the container that made it. The container may be gone when the call is over, which can be
// long after its answer: then only the home is left.
#include "runtime/module_call.h"

#include "runtime/worker.h"

namespace chi::runtime {

void ModuleCall::start(const Request& request, Task* parent, const chi_message& message) {
  home_ = &container().worker();
  (parent ? parent->waits : container().operations).push_back(this);
  const bool too_late = parent && parent->early;
  dispatch_.start(*home_, request, message);
  if (too_late) cancel();
}

void ModuleCall::cancel() {
  if (answered_ || cancelling_) return;
  if (container().owned_by(*home_)) return dispatch_.cancel();
  cancelling_ = true;
  container().holds.fetch_add(1, std::memory_order_relaxed);
  home_->run([this](Worker&) {
    dispatch_.cancel();
    run_at(container(), [this](Worker&) { cancelled(); });
  });
}

void ModuleCall::cancelled() {
  container().holds.fetch_sub(1, std::memory_order_relaxed);
  cancelling_ = false;
  if (ran_) release();
}

void ModuleCall::answered(const Answer& answer) {
  if (forgotten_ && answer.code != Code::ok) home_->count_forgotten("a call of " + container().name(), answer.code);
  if (container().owned_by(*home_)) return settle_call(answer.code, answer.message);
  run_at(container(), [this, code = answer.code, reply = OwnedMessage(answer.message)](Worker&) {
    settle_call(code, reply.view());
  });
}

void ModuleCall::over() { release(); }

void ModuleCall::settle_call(Code code, const chi_message& reply) {
  unlink();
  answered_ = true;
  if (forgotten_) return ran();
  settle_here(code, 0, reply);
}

void ModuleCall::ran() {
  ran_ = true;
  if (!cancelling_) release();
}

void ModuleCall::release() {
  if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

}  // namespace chi::runtime
