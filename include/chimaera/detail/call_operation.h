// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A call that a container makes, from its submission to its decoded reply.
#pragma once

#include <chimaera/detail/container_core.h>
#include <chimaera/gathered.h>
#include <chimaera/pending.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace chi::detail {

struct SubmitOptions {
  PoolId pool = kNoPool;
  Query query{};
  std::chrono::nanoseconds deadline{0};  // from now; 0: the parent's, or the configured default
  std::chrono::nanoseconds period{0};    // not 0: periodic
  Priority priority = Priority::low_latency;
};

template <class T>
struct CallOperation : TypedOperation<T> {
  using Decode = Result<T> (*)(const chi_message&);

  const ContainerCore* core = nullptr;
  chi_call* call = nullptr;
  Decode decode = nullptr;

  static Result<T> read(CallOperation& self) {
    if (self.code != 0) return decode_error(self.code, self.reply);
    return self.decode(self.reply);
  }
};

inline chi_submission make_submission(const ContainerCore& core, const SubmitOptions& options, std::uint32_t method,
                                      const chi_message& request) {
  chi_submission out{};
  out.size = sizeof out;
  out.method = method;
  out.pool = options.pool;
  out.query.kind = static_cast<std::uint8_t>(options.query.kind);
  out.query.first = options.query.first;
  out.query.count = options.query.count;
  out.query.hash = options.query.hash;
  out.parent = core.task();
  if (options.deadline.count() > 0) {
    out.deadline_ns = core.services->now_ns(core.handle) + static_cast<std::uint64_t>(options.deadline.count());
  }
  if (options.period.count() > 0) {
    out.period_ns = static_cast<std::uint64_t>(options.period.count());
    out.flags = CHI_PERIODIC;
  }
  out.priority = static_cast<std::uint8_t>(options.priority);
  out.request = request;
  return out;
}

template <class T>
Pending<T> failed_call(const ContainerCore& core, Error error) {
  auto* operation = make_operation<CallOperation<T>>(&core.executor);
  Pending<T> pending(operation);
  operation->fail(std::move(error));
  return pending;
}

template <class T, class Req>
Pending<T> start_call(const ContainerCore& core, const SubmitOptions& options, const Req& request,
                      typename CallOperation<T>::Decode decode) {
  std::uint8_t scratch[512];
  Encoder encoder(scratch);
  encode_message(encoder, request);
  if (encoder.failed()) return failed_call<T>(core, encoder.status().error());
  auto* operation = make_operation<CallOperation<T>>(&core.executor);
  Pending<T> pending(operation);
  operation->core = &core;
  operation->decode = decode;
  operation->cancel = [](Operation& self) {
    auto& made = static_cast<CallOperation<T>&>(self);
    made.core->services->cancel(made.call);
  };
  chi_submission submission = make_submission(core, options, Req::kMethod.id, encoder.message());
  operation->call = core.services->submit(core.handle, &submission, operation->start(submission.parent));
  return pending;
}

}  // namespace chi::detail
