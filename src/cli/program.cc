// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The list of commands, the help, and what becomes of a line that is wrong.
#include "cli/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/inheritance.h"
#include "cli/table.h"
#include "cli/target.h"

namespace chi::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  chimaera start                                  a daemon in the background
  chimaera module list                            what it can run
  chimaera pool create inventory -m kv -c 8       8 containers of a key-value store
  chimaera call inventory put key=apple value=red
  chimaera call inventory get key=apple --json
  chimaera status                                 who does what
  chimaera stop
  chimaera module new word_count                  a module of your own; says how to build, load and call it
  chimaera demo                                   all of it, on real records, with a daemon of its own

Exit codes: 0 done; 1 it failed, and stderr says "error: CODE: TEXT"; 2 the command line is wrong;
            3 no daemon of that name can be reached; 4 some of several containers failed.

Environment: CHIMAERA_MODULE_PATH  folders of modules, with ':' between them
             XDG_CONFIG_HOME       what `repo add` registers is in its folder `chimaera`; ~/.config where unset
             XDG_RUNTIME_DIR       sockets and pid files are in its folder `chimaera`)";

// A command that reads its own arguments.
void add_own(CLI::App& program, const char* name, const char* help, Action& run,
             int (*command)(const std::vector<std::string>&)) {
  CLI::App* added = program.add_subcommand(name, help);
  added->set_help_flag();
  added->prefix_command();
  added->callback([&run, added, command] { run = [added, command] { return command(added->remaining()); }; });
}

void add_commands(CLI::App& program, Action& run) {
  program.set_version_flag("--version,-V", "chimaera " CHI_VERSION, "Print the version and exit");
  program.require_subcommand(1);
  program.footer(kFooter);
  add_start(program, run);
  add_stop(program, run);
  add_status(program, run);
  add_pool(program, run);
  add_workers(program, run);
  add_call(program, run);
  add_module(program, run);
  add_repo(program, run);
  add_bdev(program, run);
  add_worch(program, run);
  add_top(program, run);
  add_trace(program, run);
  add_own(program, "demo", "Store and query real records, with a daemon of its own", run, run_demo);
  add_own(program, "bench", "Measure this machine", run, run_bench);
  add_completion(program, run);
}

std::vector<std::string> command_names(const CLI::App& group) {
  std::vector<std::string> out;
  for (const CLI::App* each : group.get_subcommands([](const CLI::App* app) { return !app->get_group().empty(); })) {
    out.push_back(each->get_name());
  }
  return out;
}

// The word where a command should be, and is not: the parser itself would only say that one is missing.
std::string unknown_command(const CLI::App& program, int argc, char** argv) {
  const CLI::App* group = &program;
  for (int i = 1; i < argc && group->get_require_subcommand_min() > 0; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) return {};
    const std::vector<std::string> names = command_names(*group);
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      return fmt::format("'{}' is no command{}", printable(word), did_you_mean(word, names));
    }
    group = group->get_subcommand(word);
  }
  return {};
}

int report_line(const CLI::App& program, const CLI::ParseError& problem, int argc, char** argv) {
  const std::string unknown = unknown_command(program, argc, argv);
  return report_usage(Error{Code::invalid_argument,
                            fmt::format("{}; see `chimaera --help`", unknown.empty() ? problem.what() : unknown),
                            {}});
}

// The arguments, with "--json {...}" as one word: --json alone is complete too, and must not take a pool's name.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> out;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--json" && i + 1 < argc && (argv[i + 1][0] == '{' || std::string_view(argv[i + 1]) == "-")) {
      word.append("=").append(argv[++i]);
    }
    out.push_back(std::move(word));
  }
  return out;
}

int run_commands(int argc, char** argv) {
  CLI::App program("Chimaera runs code next to data: tasks, pools of containers, modules.", "chimaera");
  Action run;
  add_commands(program, run);
  try {
    std::vector<std::string> words = words_of(argc, argv);
    std::reverse(words.begin(), words.end());  // as this parser wants them
    program.parse(std::move(words));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) return report_line(program, e, argc, argv);
    program.exit(e);  // prints help or version
    return kDone;
  }
  return run();
}

// What was written to stdout and could not be: a full disk, a closed pipe.
int flushed(int code) {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return code;
  std::fputs("error: cannot write to stdout\n", stderr);
  return code == kDone ? kFailed : code;
}

}  // namespace

int run_program(int argc, char** argv) {
  settle_inheritance();
  try {
    return flushed(run_commands(argc, argv));
  } catch (const std::bad_alloc&) {
    return report(Error{Code::resource_exhausted, "this program ran out of memory", {}});
  } catch (const std::exception& e) {
    return report(Error{Code::internal, e.what(), {}});
  }
}

}  // namespace chi::cli
