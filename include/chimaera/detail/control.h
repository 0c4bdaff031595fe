// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The runtime's own control as something to await: for the module chimaera_admin, and for tests of it. Others get
// permission_denied.
#pragma once

#include <chimaera/detail/call_operation.h>
#include <chimaera/detail/module_access.h>

#include <utility>

namespace chi::detail {

// Has the runtime do what `request` (of chimaera/admin.h) asks for, on behalf of the task that is served just now.
template <class Req>
Pending<typename Req::Reply> start_control(ContainerBase& container, const Req& request) {
  using Reply = typename Req::Reply;
  const ContainerCore& core = ModuleAccess::core(container);
  std::uint8_t scratch[512];
  Encoder encoder(scratch);
  encode_message(encoder, request);
  if (encoder.failed()) return failed_call<Reply>(core, encoder.status().error());
  auto* operation = make_operation<CallOperation<Reply>>(&core.executor);
  Pending<Reply> pending(operation);
  operation->decode = &decode_message<Reply>;
  chi_message message = encoder.message();
  chi_task* task = core.task();
  core.services->control(core.handle, task, Req::kMethod.id, &message, operation->start(task));
  return pending;
}

}  // namespace chi::detail
