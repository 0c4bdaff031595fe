// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// An operation that the executor completes: a call, a timer, I/O. It lies in memory of its own, which stays put until
// its completion has run, even when nobody waits for it any more (internal to Pending and what makes one).
#pragma once

#include <chimaera/abi.h>
#include <chimaera/detail/errors.h>
#include <chimaera/result.h>
#include <chimaera/task.h>

#include <new>
#include <optional>
#include <utility>

namespace chi::detail {

struct Operation : chi_completion {
  using Hook = void (*)(Operation&);

  Continuation* continuation = nullptr;
  Hook settle = nullptr;  // takes the result over, which is valid only while the completion runs
  Hook cancel = nullptr;  // asks the executor to complete it soon; null: it cannot
  Hook destroy = nullptr;
  FreeMemory free_memory = nullptr;
  bool settled = false;
  bool abandoned = false;  // nobody waits: it ends by itself

  // To be given to the executor, which runs it once.
  chi_completion* start(chi_task* task) noexcept {
    static_cast<chi_completion&>(*this) = chi_completion{};
    work.task = task;
    work.run = [](chi_work* ran) { complete(*static_cast<Operation*>(reinterpret_cast<chi_completion*>(ran))); };
    return this;
  }

  static void complete(Operation& self) {
    self.settled = true;
    if (self.abandoned) return self.destroy(self);
    self.settle(self);
    if (self.continuation) self.continuation->done(self.continuation);
  }

  static void abandon(Operation& self) noexcept {
    if (self.settled) return self.destroy(self);
    self.abandoned = true;
    self.work.task = nullptr;  // it may end before this operation does
    if (self.cancel) self.cancel(self);
  }
};

// An operation whose result is a Result<T>.
template <class T>
struct TypedOperation : Operation {
  std::optional<Result<T>> result;

  void fail(Error error) {
    settled = true;
    result.emplace(std::move(error));
  }
};

// `Derived` is a TypedOperation with `static Result<T> read(Derived&)`, which may throw.
template <class Derived>
Derived* make_operation(const Executor* executor) {
  FreeMemory free_memory = nullptr;
  void* memory = allocate_memory(executor, sizeof(Derived), free_memory);
  auto* made = new (memory) Derived();
  made->free_memory = free_memory;
  made->settle = [](Operation& self) {
    auto& derived = static_cast<Derived&>(self);
    try {
      derived.result.emplace(Derived::read(derived));
    } catch (...) {
      derived.result.emplace(error_of_exception());
    }
  };
  made->destroy = [](Operation& self) {
    auto* derived = static_cast<Derived*>(&self);
    FreeMemory give_back = derived->free_memory;
    derived->~Derived();
    give_back(derived, sizeof(Derived));
  };
  return made;
}

}  // namespace chi::detail
