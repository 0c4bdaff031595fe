// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The table of services that modules are handed (include/chimaera/abi.h).
#pragma once

#include "chimaera/abi.h"

namespace chi::runtime {

const chi_services& services() noexcept;

}  // namespace chi::runtime
