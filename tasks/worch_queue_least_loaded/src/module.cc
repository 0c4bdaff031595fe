// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: one container, which learns from view to view.
#include <chimaera/module.h>
#include <chimaera/worch.h>

#include "least_loaded.h"

namespace worch_queue_least_loaded {

class Policy : public chi::Container<> {
 public:
  chi::Result<chi::worch::LaneAssignment> on(const chi::worch::AssignLanes& request) {
    return policy_.assign(request.view);
  }

 private:
  LeastLoaded policy_;
};

}  // namespace worch_queue_least_loaded

CHI_EXPORT_MODULE(worch_queue_least_loaded::Policy, chi::worch::AssignLanes)
