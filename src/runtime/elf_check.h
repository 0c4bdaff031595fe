// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whether a file's bytes are a shared library that this process can link, told from its headers alone. dlopen believes
// what these headers say: it would map, and later touch, pages that a truncated file does not have.
#pragma once

#include <chimaera/result.h>

#include <string_view>

namespace chi::runtime {

// invalid_argument: no ELF shared object of this machine, or damaged. failed_precondition: one that could be linked,
// but would run code of an older version of itself (unique symbols), or make every stack executable.
Status check_elf(std::string_view file);

}  // namespace chi::runtime
