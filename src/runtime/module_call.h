// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A call that a container makes. Its dispatch lives on the worker that the container had at the time, its home; the
// rest belongs to the container's worker, wherever the lane has moved since. Deletes itself.
#pragma once

#include <atomic>

#include "runtime/completion.h"
#include "runtime/dispatch.h"

namespace chi::runtime {

class ModuleCall final : public chi_call, public Operator, public Asker, public Completion, public Pooled {
 public:
  // `done` null: nobody waits for the end, which is only counted.
  ModuleCall(Container& container, chi_completion* done) : Completion(container, done), forgotten_(!done) {}

  // On the container's worker, these two.
  void start(const Request& request, Task* parent, const chi_message& message);
  void cancel() override;

  // On the home.
  void answered(const Answer& answer) override;
  void over() override;

 private:
  void settle_call(Code code, const chi_message& reply);
  void ran() override;
  void cancelled();
  void release();

  Worker* home_ = nullptr;
  const bool forgotten_;
  bool answered_ = false;
  bool ran_ = false;
  bool cancelling_ = false;             // a letter about it is on its way to the home, or back
  std::atomic<std::uint8_t> users_{2};  // home and container; the last one deletes it
  Dispatch dispatch_{*this};
};

}  // namespace chi::runtime
