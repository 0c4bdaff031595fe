// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The commands of the program. Each add_ function tells the parser about one command: its options, its help, and what
// to run, which it leaves in `run` when the command is the one that was given. `run` gives the exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace chi::cli {

using Action = std::function<int()>;

void add_start(CLI::App& program, Action& run);
void add_stop(CLI::App& program, Action& run);
void add_status(CLI::App& program, Action& run);
void add_pool(CLI::App& program, Action& run);
void add_workers(CLI::App& program, Action& run);
void add_call(CLI::App& program, Action& run);
void add_module(CLI::App& program, Action& run);
void add_authoring(CLI::App& module_group, Action& run);  // module new, module build
void add_repo(CLI::App& program, Action& run);
void add_bdev(CLI::App& program, Action& run);
void add_bdev_export(CLI::App& bdev_group, Action& run);  // bdev export
void add_worch(CLI::App& program, Action& run);
void add_worch_simulate(CLI::App& worch_group, Action& run);  // worch simulate
void add_worch_record(CLI::App& worch_group, Action& run);    // worch record
void add_worch_control(CLI::App& worch_group, Action& run);   // worch show, set, run
void add_top(CLI::App& program, Action& run);
void add_trace(CLI::App& program, Action& run);
void add_completion(CLI::App& program, Action& run);

// These parse their arguments, --help too, themselves. `arguments` is what stands after the command's name.
int run_bench(const std::vector<std::string>& arguments);
int run_demo(const std::vector<std::string>& arguments);

}  // namespace chi::cli
