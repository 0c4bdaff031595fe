// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What all workers have measured of each method, added up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chimaera/admin.h"
#include "runtime/crew.h"

namespace chi::runtime {

// Of each method of each module, in the order of these. From any thread while the crew is there.
struct MethodSums {
  std::string module;
  std::uint32_t id = 0;
  std::string method;
  MethodLoad::Sums sums;
};
std::vector<MethodSums> sum_methods(Crew& crew);

// From any thread while the crew is there.
admin::MethodsReply report_methods(Crew& crew);

// One row. Exposed for its test.
admin::MethodLoadInfo report_method(const MethodLoad::Sums& sums);

}  // namespace chi::runtime
