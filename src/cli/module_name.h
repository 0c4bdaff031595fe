// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The name of a new module: it becomes a C++ namespace, a CMake target and file names. A pure function.
#pragma once

#include <chimaera/result.h>

#include <string_view>

namespace chi::cli {

// invalid_argument says what is wrong with it, and how a name looks.
Status check_module_name(std::string_view name);

}  // namespace chi::cli
