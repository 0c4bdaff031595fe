// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: answers with what round_robin.h gives.
#include <chimaera/module.h>
#include <chimaera/worch.h>

#include "round_robin.h"

namespace worch_proc_round_robin {

class Policy : public chi::Container<> {
 public:
  chi::Result<chi::worch::CpuAssignment> on(const chi::worch::AssignCpus& request) { return assign(request.view); }
};

}  // namespace worch_proc_round_robin

CHI_EXPORT_MODULE(worch_proc_round_robin::Policy, chi::worch::AssignCpus)
