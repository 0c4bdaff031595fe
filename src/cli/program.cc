// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The list of commands, the help, and what becomes of a line that is wrong.
#include "cli/program.h"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/examples.h"
#include "cli/exit_code.h"
#include "cli/failure.h"
#include "cli/inheritance.h"
#include "cli/target.h"
#include "cli/usage.h"

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

Exit codes: 0 done; 1 it failed; 2 the command line is wrong; 3 no daemon of that name can be reached;
            4 some of several containers failed. stderr says "error: CODE: TEXT", with --json
            {"error": {"code": "CODE", "text": "TEXT", "where": "..."}}.

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
  program.footer(kFooter);  // last: commands would take it over
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

bool wants_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end,
                     [](const std::string& word) { return word == "--json" || word.starts_with("--json="); });
}

int run_commands(int argc, char** argv) {
  CLI::App program("Chimaera runs code next to data: tasks, pools of containers, modules.", "chimaera");
  Action run;
  add_commands(program, run);
  add_examples(program);
  const std::vector<std::string> words = words_of(argc, argv);
  if (wants_json(words)) use_failure_form(FailureForm::json);
  try {
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // as this parser wants them
  } catch (const CLI::ParseError& e) {
    return end_of_parse(program, e, words);
  }
  return run();
}

// As a program ends that has not said anything of SIGPIPE: whoever started it sees the usual signal.
int end_by_closed_pipe() {
  ::signal(SIGPIPE, SIG_DFL);
  ::raise(SIGPIPE);
  return kFailed;
}

// What was written to stdout and could not be: a full disk is told; whoever closed a pipe, as `head` does, wants no
// more.
int flushed(int code) {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return code;
  const int error = errno;
  if (stdout_is_closed()) return end_by_closed_pipe();
  print_failure({Code::unavailable, "cannot write to stdout: " + errno_text(error), {}});
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
