// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What all workers have measured of each method, added up.
#pragma once

#include "chimaera/admin.h"
#include "runtime/crew.h"

namespace chi::runtime {

// From any thread while the crew is there.
admin::MethodsReply report_methods(Crew& crew);

// One row. Exposed for its test.
admin::MethodLoadInfo report_method(const MethodLoad::Sums& sums);

}  // namespace chi::runtime
