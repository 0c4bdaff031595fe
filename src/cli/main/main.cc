// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The program `chimaera`.
#include "cli/program.h"

int main(int argc, char** argv) { return chi::cli::run_program(argc, argv); }
