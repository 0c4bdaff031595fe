// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the admin module asks of the node (include/chimaera/admin.h says what there is to ask).
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/completion.h"

namespace chi::runtime {

// One request on its way to the node's control and back to the container that made it.
struct ControlCall final : Completion {
  using Completion::Completion;

  std::uint32_t verb = 0;  // the method's id in chi::admin
  std::uint32_t uid = 0;   // of whoever called the admin module
  std::uint32_t gid = 0;
  std::uint64_t deadline_ns = 0;
  OwnedMessage request;
};

class Control {
 public:
  virtual ~Control() = default;
  // From any thread. Answers each call once, from any thread, with Completion::settle().
  virtual void submit(ControlCall* call) = 0;
};

}  // namespace chi::runtime
