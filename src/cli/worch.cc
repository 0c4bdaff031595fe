// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera worch`: who runs what, where. Its commands are files of their own.
#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace chi::cli {

void add_worch(CLI::App& program, Action& run) {
  CLI::App* group = program.add_subcommand("worch", "Work orchestration: the policies that say who runs what, where");
  group->require_subcommand(1);
  add_worch_control(*group, run);
  add_worch_record(*group, run);
  add_worch_simulate(*group, run);
}

}  // namespace chi::cli
