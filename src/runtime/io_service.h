// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The services of abi.h for system calls, and for the files that they are made with.
#pragma once

#include <cstdint>

#include "chimaera/abi.h"

namespace chi::runtime {

void start_io(chi_container* container, const chi_io* io, chi_completion* done);
chi_file* file_open(chi_container* container, std::int32_t fd);
void file_close(chi_container* container, chi_file* file);

}  // namespace chi::runtime
