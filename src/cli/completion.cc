// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera completion SHELL` prints the shell's side; the hidden `chimaera __complete WORD...` gives the candidates.
#include <chimaera/admin.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/runtime_dir.h"
#include "cli/candidates.h"
#include "cli/commands.h"
#include "cli/completion_scripts.h"
#include "cli/exit_code.h"
#include "cli/target.h"
#include "client/remote_method.h"

namespace chi::cli {

namespace {

using Words = std::vector<std::string>;

constexpr std::chrono::milliseconds kPatience(500);  // a shell waits for the answer at each press of Tab

Result<Client> connect_briefly(const std::string& daemon) {
  Target target;
  target.name = daemon;
  return connect(target, kPatience);
}

Words daemons() {
  Words out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(runtime_place().folder, error)) {
    if (entry.path().extension() == ".sock") out.push_back(entry.path().stem());
  }
  return out;
}

Words pools(const std::string& daemon) {
  Words out;
  const Result<Client> client = connect_briefly(daemon);
  if (!client.ok()) return out;
  const auto list = client->admin().with_deadline(kPatience).call<admin::PoolList>().get();
  if (!list.ok()) return out;
  for (const auto& pool : list->pools) out.push_back(pool.name);
  return out;
}

Words modules(const std::string& daemon) {
  Words out;
  const Result<Client> client = connect_briefly(daemon);
  if (!client.ok()) return out;
  const auto list = client->admin().with_deadline(kPatience).call<admin::ModuleList>().get();
  if (!list.ok()) return out;
  for (const auto& module : list->modules) out.push_back(module.name);
  return out;
}

Words methods(const std::string& daemon, const std::string& pool) {
  Words out;
  const Result<Client> client = connect_briefly(daemon);
  if (!client.ok()) return out;
  const Pool admin = client->admin().with_deadline(kPatience);
  const auto found = admin.call<admin::PoolFind>(pool).get();
  if (!found.ok()) return out;
  const auto module = admin.call<admin::ModuleDescribe>(found->module).get();
  if (!module.ok()) return out;
  for (const auto& method : module->methods) out.push_back(method.name);
  return out;
}

Words fields(const std::string& daemon, const std::string& pool, const std::string& method) {
  Words out;
  const Result<Client> connected = connect_briefly(daemon);
  if (!connected.ok()) return out;
  const auto found = client::find_method(*connected, pool, method);
  if (!found.ok()) return out;
  for (const std::string& name : found->request.names) out.push_back(name + "=");
  return out;
}

int print_candidates(const CLI::App& program, const Words& words) {
  for (const std::string& each : complete(program, NameSource{daemons, pools, modules, methods, fields}, words)) {
    std::printf("%s\n", each.c_str());
  }
  return kDone;
}

int print_script(const std::string& shell) {
  const std::string_view script = shell == "bash" ? kBashCompletion : shell == "zsh" ? kZshCompletion : kFishCompletion;
  std::fwrite(script.data(), 1, script.size(), stdout);
  return kDone;
}

}  // namespace

void add_completion(CLI::App& program, Action& run) {
  CLI::App* command = program.add_subcommand("completion", "Print a script that makes a shell complete commands");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&run, shell] { run = [shell] { return print_script(*shell); }; });

  CLI::App* hidden = program.add_subcommand("__complete", "Candidates for the last word")->group("");
  hidden->set_help_flag();
  hidden->prefix_command();
  hidden->callback([&run, &program, hidden] {
    run = [&program, hidden] { return print_candidates(program, hidden->remaining()); };
  });
}

}  // namespace chi::cli
