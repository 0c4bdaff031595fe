// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The daemon's process: its lock, its log, its node, and its end.
#pragma once

#include <chimaera/result.h>

#include <functional>
#include <string>

#include "runtime/node.h"

namespace chi::cli {

struct DaemonPlan {
  runtime::NodeOptions node;
  std::string pid_file;
  std::string socket_link;      // in the runtime folder, where the socket is elsewhere; empty: none
  bool in_runtime_dir = false;  // the pid file is there
  std::string log_file;         // empty: none
  bool log_to_stderr = false;
  std::string scratch_folder;  // removed with all in it when the daemon ends, in haste too; empty: none
};

// Where the daemon's files are, from its name and configuration. Makes the folder.
Result<DaemonPlan> plan_daemon(const std::string& name, const runtime::Config& config,
                               const std::vector<std::string>& module_paths, bool foreground);

// Runs the daemon until it is asked to end, by a signal or by the admin module; nothing is left of it then. `ready` is
// called once clients can connect, and says whether it is still wanted. Fails when it could not be started.
// Of signals that would end a process without clean-up, those that ask for the end (signal_watch.h) end it in order,
// and the others are ignored, unless somebody handles them.
Status run_daemon(const DaemonPlan& plan, const std::function<bool()>& ready);

}  // namespace chi::cli
