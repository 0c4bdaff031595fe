// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Code in memory that nobody can change any more: a library to be linked, a program to be started.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace chi::runtime {

enum class CodeKind { library, program };

// A sealed memfd of these bytes, closed on exec. Its name is what /proc/PID/maps shows. The error's text continues a
// sentence that begins with what it is.
Result<UniqueFd> sealed_copy(std::string_view bytes, const std::string& name, CodeKind kind);

}  // namespace chi::runtime
