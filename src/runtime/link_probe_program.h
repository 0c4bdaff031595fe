// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The program probe/main.cc, as bytes in this one: nothing has to be found on disk, and it is always of this release.
#pragma once

#include <string_view>

namespace chi::runtime {

std::string_view link_probe_program() noexcept;

}  // namespace chi::runtime
