// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The examples at the end of each command's help.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace chi::cli {

// Each command of `command`, and itself, gets its examples behind what its help says besides. `path`: how it is called,
// "pool create"; empty: it is the program. Call when all commands are there.
void add_examples(CLI::App& command, const std::string& path = {});

}  // namespace chi::cli
