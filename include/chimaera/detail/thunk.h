// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From the C boundary to a handler and back: one thunk for each request of a class.
//
// A plain handler costs no memory of its own: its request is decoded on the stack, its reply encoded into chi_out. A
// coroutine needs its frame and, because its request must outlive the thunk, a CallFrame; both come from the pool.
#pragma once

#include <chimaera/call.h>
#include <chimaera/codec.h>
#include <chimaera/container.h>
#include <chimaera/detail/module_access.h>
#include <chimaera/detail/reply.h>
#include <chimaera/task.h>

#include <new>
#include <type_traits>
#include <utility>

namespace chi::detail {

template <class C, class Req>
concept HandlesAlone = requires(C& container, const Req& request) { container.on(request); };
template <class C, class Req>
concept HandlesWithCall = requires(C& container, const Req& request, Call& call) { container.on(request, call); };
template <class C, class Req>
concept Handles = HandlesAlone<C, Req> || HandlesWithCall<C, Req>;

template <class C, class Req>
auto handle(C& container, const Req& request, Call& call) {
  if constexpr (HandlesWithCall<C, Req>) {
    return container.on(request, call);
  } else {
    return container.on(request);
  }
}

template <class C, class Req>
using HandlerResult = decltype(handle(std::declval<C&>(), std::declval<const Req&>(), std::declval<Call&>()));

template <class C, class Req>
concept HandlesPlainly = std::is_same_v<HandlerResult<C, Req>, Result<typename Req::Reply>>;
template <class C, class Req>
concept HandlesAsCoroutine = std::is_same_v<HandlerResult<C, Req>, Task<Result<typename Req::Reply>>>;

template <class C, class Req>
std::int32_t run_plain(void* self, chi_task* task, const chi_message* message, chi_out* out) {
  C& container = *static_cast<C*>(self);
  const ContainerCore& core = ModuleAccess::core(container);
  try {
    Req request{};
    if (message->size != 0) {
      Decoder from(*message);
      from.borrow_bytes();  // the message outlives the handler, which can copy its request's bytes but not move them
      Status decoded = decode_message(from, request);
      if (!decoded.ok()) return leave_error(core, task, out, decoded.error());
    }
    Call call(*core.services, task);
    return leave_result(core, task, out, handle(container, request, call));
  } catch (...) {
    return leave_error(core, task, out, error_of_exception());
  }
}

// A running coroutine handler, and what must live as long as it: from the thunk to the reply.
template <class C, class Req>
class CallFrame : Continuation {
  using Reply = typename Req::Reply;

 public:
  static std::int32_t run(void* self, chi_task* task, const chi_message* message, chi_out* out) {
    C& container = *static_cast<C*>(self);
    const ContainerCore& core = ModuleAccess::core(container);
    void* memory = core.services->frame_allocate(sizeof(CallFrame));
    if (!memory) return leave_error(core, task, out, {Code::resource_exhausted, "no memory for the call", {}});
    CallFrame* frame = nullptr;
    try {
      frame = new (memory) CallFrame(core, task);
      return frame->start(container, *message, out);
    } catch (...) {
      std::int32_t outcome = leave_error(core, task, out, error_of_exception());
      frame ? frame->destroy() : core.services->frame_free(memory, sizeof(CallFrame));
      return outcome;
    }
  }

 private:
  CallFrame(const ContainerCore& core, chi_task* task) : core_(core), task_(task), call_(*core.services, task) {
    done = [](Continuation* self) noexcept { static_cast<CallFrame*>(self)->finish(); };
  }

  std::int32_t start(C& container, const chi_message& message, chi_out* out) {
    if (message.size != 0) {
      Status decoded = decode_message(message, request_);
      if (!decoded.ok()) return end(leave_error(core_, task_, out, decoded.error()));
    }
    {
      ScopeGuard scope({&core_.executor, task_});
      running_ = handle(container, request_, call_);
    }
    if (running_.done()) return end(leave_result(core_, task_, out, running_.take()));
    running_.notify(*this);
    return CHI_PENDING;
  }

  std::int32_t end(std::int32_t outcome) noexcept {
    destroy();
    return outcome;
  }

  // All of the handler is gone before its reply is: the caller's memory is its own again then.
  void finish() noexcept {
    const ContainerCore& core = core_;
    chi_task* task = task_;
    Result<Reply> result = outcome();
    destroy();
    try {
      send_result(core, task, std::move(result));
    } catch (...) {
      send_error(core, task, error_of_exception());
    }
  }

  Result<Reply> outcome() noexcept {
    try {
      return running_.take();
    } catch (...) {
      return error_of_exception();
    }
  }

  void destroy() noexcept {
    const chi_services& services = *core_.services;
    this->~CallFrame();
    services.frame_free(this, sizeof(CallFrame));
  }

  const ContainerCore& core_;
  chi_task* task_;
  Call call_;
  Req request_{};
  Task<Result<Reply>> running_;
};

}  // namespace chi::detail
