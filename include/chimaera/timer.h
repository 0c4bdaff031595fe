// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Time for coroutines, on the executor's clock: monotonic, counted from an origin of its own, virtual in a simulation.
//
//   auto slept = co_await chi::sleep_for(10ms);
//   if (!slept.ok()) co_return slept.error();   // cancelled: nobody waits for the result, or the container closes
#pragma once

#include <chimaera/pending.h>

#include <chrono>

namespace chi {

namespace detail {

struct TimerOperation : TypedOperation<void> {
  const Executor* executor = nullptr;

  static Status read(TimerOperation& self) {
    if (self.code == 0) return {};
    return Error{static_cast<Code>(self.code), "the wait was cut short", {}};
  }
};

inline Pending<void> start_timer(Scope scope, std::chrono::nanoseconds at) {
  auto* operation = make_operation<TimerOperation>(scope.executor);
  Pending<void> pending(operation);
  if (!scope.executor || !scope.executor->timer_start) {
    operation->fail({Code::failed_precondition, "no timer here: wait in a coroutine that an executor runs", {}});
    return pending;
  }
  operation->executor = scope.executor;
  operation->cancel = [](Operation& self) {
    const Executor* executor = static_cast<TimerOperation&>(self).executor;
    executor->timer_cancel(executor->context, &self);
  };
  std::uint64_t at_ns = at.count() > 0 ? static_cast<std::uint64_t>(at.count()) : 0;
  scope.executor->timer_start(scope.executor->context, scope.task, at_ns, operation->start(scope.task));
  return pending;
}

inline std::chrono::nanoseconds now_of(const Executor* executor) noexcept {
  if (!executor || !executor->now_ns) return {};
  return std::chrono::nanoseconds(executor->now_ns(executor->context));
}

}  // namespace detail

// The time of the calling coroutine's executor; zero outside of any.
inline std::chrono::nanoseconds now() noexcept { return detail::now_of(current_scope().executor); }

// Ends at the given time, or earlier with `cancelled` when the task on whose behalf it waits is cancelled.
inline Pending<void> sleep_until(std::chrono::nanoseconds at) { return detail::start_timer(current_scope(), at); }
inline Pending<void> sleep_for(std::chrono::nanoseconds duration) { return sleep_until(now() + duration); }

}  // namespace chi
