// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera module list|describe|load`; authoring.cc has `new` and `build`.
#include <chimaera/abi.h>
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/target.h"
#include "codec/schema_type.h"

namespace chi::cli {

namespace {

struct ModuleArguments {
  Target target;
  std::string name;
  std::string pool;  // of load: to be made of it; empty: none
  std::uint32_t containers = 1;
  bool allow_older = false;
};

std::string render_modules(const std::vector<admin::ModuleInfo>& modules) {
  Table table({"module", "version", "build", "state", "pools", "path"});
  for (const auto& module : modules) {
    const std::string state = !module.problem.empty() ? "broken" : module.loaded ? "loaded" : "there";
    const std::string path = !module.path.empty() ? module.path : module.problem.empty() ? "(built in)" : "";
    table.add({module.name, module.version, module.build, state, std::to_string(module.pools), path});
  }
  std::string out = table.text();
  for (const auto& module : modules) {
    for (const auto& use : module.in_use) {
      if (use.current) continue;
      out += fmt::format(
          "pool '{}' goes on with {} {}, build {}, of which it was made: for build {}, destroy it and make it anew\n",
          printable(use.pool), printable(module.name), printable(use.version), use.build, module.build);
    }
    if (!module.problem.empty()) out += fmt::format("{}: {}\n", printable(module.name), printable(module.problem));
  }
  return out;
}

// Where a call goes that names no container.
std::string route_text(const admin::MethodInfo& method) {
  if (method.route == CHI_ROUTE_HASH) {
    const Result<SchemaType> request = parse_schema(method.request_schema);
    const bool named = request.ok() && method.route_field < request->names.size();
    return "to the container of its " + (named ? request->names[method.route_field] : "hash");
  }
  const bool all = method.route == CHI_ROUTE_ALL || (method.route == CHI_ROUTE_DEFAULT && method.merges);
  return all ? "to all containers" : "to any container";
}

std::string render_methods(const std::vector<admin::MethodInfo>& methods) {
  std::string out;
  for (const auto& method : methods) {
    out += fmt::format("\n{}  (id {}, {}, {}{})\n  request  {}\n  reply    {}\n", printable(method.name), method.id,
                       method.write ? "write" : "read", printable(route_text(method)),
                       method.long_running ? ", long-running" : "", printable(method.request_schema),
                       printable(method.reply_schema));
  }
  return out;
}

std::string build_text(const std::string& build) { return build.empty() ? build : ", build " + build; }

std::string render_module(const admin::ModuleDescription& description) {
  return fmt::format("module '{}' {}{}, ABI version {}, state version {}, {} pool{}\n{}\nconfiguration  {}\n",
                     printable(description.module.name), printable(description.module.version),
                     build_text(description.module.build), description.abi_version, description.state_version,
                     description.module.pools, description.module.pools == 1 ? "" : "s",
                     description.module.path.empty() ? "built in" : printable(description.module.path),
                     description.config_schema.empty() ? "none" : printable(description.config_schema)) +
         render_methods(description.methods);
}

int run_list(const ModuleArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto reply = client->admin().call<admin::ModuleList>().get();
  if (!reply.ok()) return report(*client, reply.error());
  if (given.target.json) return print_result(to_json(*reply));
  std::fputs(render_modules(reply->modules).c_str(), stdout);
  return kDone;
}

int run_describe(const ModuleArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto reply = client->admin().call<admin::ModuleDescribe>(given.name).get();
  if (!reply.ok()) return report(*client, reply.error());
  if (given.target.json) return print_result(to_json(*reply));
  std::fputs(render_module(*reply).c_str(), stdout);
  return kDone;
}

// The module is loaded and stays so; a pool that is there runs what it was made of.
Error not_made(Error error, const admin::ModuleInfo& module, const std::string& pool) {
  error.text = fmt::format("'{}' {} is loaded, but the pool is not made: {}", module.name, module.version, error.text);
  if (error.code == Code::already_exists) {
    error.text += fmt::format("; a pool keeps the code that it was made of: `chimaera pool destroy {}` first", pool);
  }
  return error;
}

int run_load(const ModuleArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  // A path is meant from here, but the daemon has a folder of its own.
  std::error_code ignored;
  const bool is_path = given.name.find('/') != std::string::npos;
  const std::string name = is_path ? std::filesystem::absolute(given.name, ignored).string() : given.name;
  auto reply = client->admin().call<admin::ModuleLoad>(name, given.allow_older).get();
  if (!reply.ok()) return report(*client, reply.error());
  if (!given.pool.empty()) {
    const auto made = client->create_pool(given.pool, {.module = reply->name, .containers = given.containers});
    if (!made.ok()) return report(*client, not_made(made.error(), *reply, given.pool));
    ++reply->pools;
  }
  if (given.target.json) return print_result(to_json(*reply));
  std::fputs(render_modules({*reply}).c_str(), stdout);
  return kDone;
}

std::shared_ptr<ModuleArguments> add_command(CLI::App& group, const char* name, const char* help, Action& run,
                                             int (*command)(const ModuleArguments&), const char* argument) {
  CLI::App* added = group.add_subcommand(name, help);
  auto given = std::make_shared<ModuleArguments>();
  add_target(*added, given->target);
  if (argument) added->add_option("MODULE", given->name, argument)->required();
  added->callback([&run, given, command] { run = [given, command] { return command(*given); }; });
  return given;
}

}  // namespace

void add_module(CLI::App& program, Action& run) {
  CLI::App* group = program.add_subcommand("module", "Make, build, list, describe and load modules");
  group->require_subcommand(1);
  add_command(*group, "list", "List the modules of the daemon's repos", run, run_list, nullptr);
  add_command(*group, "describe", "Show a module's methods, with their fields", run, run_describe, "the module's name");
  auto load =
      add_command(*group, "load", "Load a module", run, run_load, "its name, or the path of its folder or library");
  CLI::App* command = group->get_subcommand("load");
  command->add_option("--pool", load->pool, "make a pool of this name of it")->type_name("POOL");
  command->add_option("--containers,-c", load->containers, "of that pool")->capture_default_str();
  command->add_flag("--allow-older", load->allow_older, "even if a newer version is loaded");
  add_authoring(*group, run);
}

}  // namespace chi::cli
