// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera start`: a daemon, in the background or here.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/background.h"
#include "cli/commands.h"
#include "cli/daemon.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/target.h"
#include "runtime/config.h"

namespace chi::cli {

namespace {

struct StartArguments {
  std::string name = "default";
  std::string config_file;
  std::vector<std::string> module_paths;
  bool foreground = false;
  bool print_config = false;
  bool json = false;
};

void say_started(const DaemonPlan& plan, pid_t pid, bool json) {
  if (json) {
    Json out;
    out["name"] = plan.node.name;
    out["pid"] = pid;
    out["socket"] = plan.node.socket_path;
    out["log"] = plan.log_file;
    print_json(out);
  } else {
    std::printf("daemon '%s' started, pid %d, log %s\n", plan.node.name.c_str(), pid,
                plan.log_file.empty() ? "on stderr" : plan.log_file.c_str());
  }
  std::fflush(stdout);
}

int start_here(const DaemonPlan& plan, bool json) {
  const Status ended = run_daemon(plan, [&] {
    say_started(plan, ::getpid(), json);
    return true;
  });
  return ended.ok() ? kDone : report(ended.error());
}

int start_in_background(const DaemonPlan& plan, bool json) {
  const BackgroundOptions options{.log_file = plan.log_file};
  const Result<pid_t> pid = run_in_background(options, [&plan](Readiness& readiness) -> int {
    const Status ended = run_daemon(plan, [&readiness] { return readiness.ready(); });
    if (ended.ok()) return kDone;
    readiness.failed(ended.error());
    return kFailed;
  });
  if (!pid.ok()) return report(pid.error());
  say_started(plan, *pid, json);
  return kDone;
}

int run_start(const StartArguments& given) {
  if (given.print_config) {
    std::fputs(runtime::default_config_text().c_str(), stdout);
    return kDone;
  }
  const Result<runtime::Config> config =
      given.config_file.empty() ? runtime::Config{} : runtime::load_config(given.config_file);
  if (!config.ok()) return report(config.error());
  const Result<DaemonPlan> plan = plan_daemon(given.name, *config, given.module_paths, given.foreground);
  if (!plan.ok()) return report(plan.error());
  return given.foreground ? start_here(*plan, given.json) : start_in_background(*plan, given.json);
}

}  // namespace

void add_start(CLI::App& program, Action& run) {
  CLI::App* command = program.add_subcommand("start", "Start a daemon");
  auto given = std::make_shared<StartArguments>();
  add_name(*command, given->name);
  command->add_option("--config", given->config_file, "a configuration file")->type_name("FILE");
  command->add_option("--module-path", given->module_paths, "a folder of modules; may be given several times")
      ->type_name("FOLDER")
      ->expected(1)
      ->take_all();
  command->add_flag("--foreground,-f", given->foreground, "stay here, and log to stderr");
  command->add_flag("--print-config", given->print_config, "print a configuration file with every key, and exit");
  command->add_flag("--json", given->json, "print JSON");
  command->callback([&run, given] { run = [given] { return run_start(*given); }; });
}

}  // namespace chi::cli
