// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: answers with what topology.h gives.
#include <chimaera/module.h>
#include <chimaera/worch.h>

#include "topology.h"

namespace worch_proc_topology {

class Policy : public chi::Container<> {
 public:
  chi::Result<chi::worch::CpuAssignment> on(const chi::worch::AssignCpus& request) { return assign(request.view); }
};

}  // namespace worch_proc_topology

CHI_EXPORT_MODULE(worch_proc_topology::Policy, chi::worch::AssignCpus)
