// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A file written as a whole: under another name, and then put in its place. What was there is replaced.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <string_view>

namespace chi::test_kit {

// Fails with the code of the system's reason; nothing is left then.
Status write_file(const std::string& path, std::string_view text);

}  // namespace chi::test_kit
