// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The whole command line.
#pragma once

namespace chi::cli {

// Does what the arguments say; gives an ExitCode. Never throws.
int run_program(int argc, char** argv);

}  // namespace chi::cli
