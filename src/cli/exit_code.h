// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the program's exit code tells a script. Part of the contract: never renumbered. `chimaera --help` lists them.
#pragma once

namespace chi::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,        // stderr says why, see failure.h
  kUsage = 2,         // the command line itself is wrong
  kNoDaemon = 3,      // there is no daemon of that name, or it cannot be reached
  kPartlyFailed = 4,  // of several containers some answered, some failed
};

}  // namespace chi::cli
