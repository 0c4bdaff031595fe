// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Checks the table that a module exports, and copies it in the form of this release: nothing in it is believed, for it
// may be damaged, of another release, or no table at all.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/result.h>

#include <vector>

#include "runtime/loaded_image.h"

namespace chi::runtime {

struct ModuleTable {
  chi_module module{};              // fields that the module's release does not have are zero
  std::vector<chi_method> methods;  // by id; `run` is null where there is none
};

// `exported` is what the symbol CHI_MODULE_SYMBOL stands for, in the library that lies at `image`. failed_precondition:
// of a newer ABI; invalid_argument: damaged, the text says where.
Result<ModuleTable> read_module_table(const void* exported, const LoadedImage& image);

}  // namespace chi::runtime
