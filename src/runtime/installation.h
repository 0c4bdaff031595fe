// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where Chimaera's own files are: below the folder that is above the program's, in the same places whether it was built
// or installed. Each is empty where the program stands alone. Pure but for the disk; usable from any thread.
#pragma once

#include <string>

#include "base/trust.h"

namespace chi::runtime {

std::string own_module_repo();    // chimaera_admin, kv and so on
std::string own_cmake_package();  // the folder of chimaeraConfig.cmake
std::string own_template();       // the module TASK_NAME, as source

// Who may have written the code that is loaded: root, this user, and whoever could have written this very program, for
// what he wants done here is done already. So root may try out the tree that a user has built.
Trusted code_authors();

}  // namespace chi::runtime
