// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: answers with what round_robin.h gives.
#include <chimaera/module.h>
#include <chimaera/worch.h>

#include "round_robin.h"

namespace worch_queue_round_robin {

class Policy : public chi::Container<> {
 public:
  chi::Result<chi::worch::LaneAssignment> on(const chi::worch::AssignLanes& request) { return assign(request.view); }
};

}  // namespace worch_queue_round_robin

CHI_EXPORT_MODULE(worch_queue_round_robin::Policy, chi::worch::AssignLanes)
