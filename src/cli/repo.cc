// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera repo add|list|remove`: folders of modules that every daemon of this user, or of this system, looks into.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/target.h"
#include "runtime/module_repo.h"

namespace chi::cli {

namespace fs = std::filesystem;

using runtime::FoundModule;
using runtime::ModuleRepo;
using runtime::RepoRegistry;
using runtime::RepoScope;

namespace {

constexpr RepoScope kScopes[] = {RepoScope::user, RepoScope::system};

struct RepoArguments {
  std::string path;
  bool user = false;
  bool system = false;
  bool json = false;

  RepoScope scope() const { return system ? RepoScope::system : RepoScope::user; }
  bool shows(RepoScope each) const { return user == system || each == scope(); }
};

const char* name_of(RepoScope scope) { return scope == RepoScope::user ? "user" : "system"; }

std::string plain(const std::string& path) {
  std::error_code ignored;
  std::string out = fs::weakly_canonical(fs::absolute(path, ignored), ignored).string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

std::vector<FoundModule> modules_in(const std::string& repo) { return ModuleRepo({{repo}, {}, {}}).list(); }

std::vector<std::string> names_of(const std::vector<FoundModule>& modules) {
  std::vector<std::string> out;
  for (const FoundModule& each : modules) out.push_back(each.name);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// The system's file is root's.
Error with_advice(Error error, RepoScope scope) {
  if (error.code == Code::permission_denied && scope == RepoScope::system) error.text += "; be root for --system";
  return error;
}

// Where a registered repo is, if it is.
const char* registered_for(const RepoRegistry& registry, const std::string& path) {
  for (const RepoScope scope : kScopes) {
    const auto repos = registry.list(scope);
    if (repos.ok() && std::find(repos->begin(), repos->end(), path) != repos->end()) return name_of(scope);
  }
  return nullptr;
}

Status check_repo(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return {Code::not_found, fmt::format("there is no folder '{}'; a repo is a folder of module folders", path)};
  }
  if (fs::exists(fs::path(path) / "manifest.yaml", error)) {
    return {Code::invalid_argument,
            fmt::format("'{}' is a module, not a repo; register the folder that it is built into: its build/modules",
                        path)};
  }
  return {};
}

// A second module of a name would make both of them unusable by name.
Status check_names(const RepoRegistry& registry, const std::string& path) {
  const ModuleRepo known(runtime::module_search_path({}, {}, nullptr, registry));
  const std::vector<FoundModule> others = known.list();
  for (const FoundModule& each : modules_in(path)) {
    for (const FoundModule& other : others) {
      if (other.name != each.name) continue;
      return {Code::already_exists,
              fmt::format("the module '{}' is in '{}' already: which one is meant would be a guess; give the repo to "
                          "one daemon alone with `chimaera start --module-path`, or remove the other",
                          each.name, other.folder)};
    }
  }
  return {};
}

int run_add(const RepoArguments& given) {
  const RepoRegistry registry = RepoRegistry::of_this_user();
  const std::string path = plain(given.path);
  Status done = check_repo(path);
  if (const char* scope = registered_for(registry, path); done && scope) {
    done = {Code::already_exists, fmt::format("'{}' is registered already, for the {}", path, scope)};
  }
  if (done) done = check_names(registry, path);
  if (done) done = registry.add(given.scope(), path);
  if (!done) return report(with_advice(done.error(), given.scope()));
  std::printf("registered for the %s: %s, with the modules: %s\n", name_of(given.scope()), printable(path).c_str(),
              printable(list_of(names_of(modules_in(path)))).c_str());
  return kDone;
}

int run_remove(const RepoArguments& given) {
  const RepoRegistry registry = RepoRegistry::of_this_user();
  const std::string path = plain(given.path);
  const Status done = registry.remove(given.scope(), path);
  if (!done) {
    Error error = with_advice(done.error(), given.scope());
    const char* scope = registered_for(registry, path);
    if (error.code == Code::not_found && scope) {
      error.text = fmt::format("'{}' is registered for the {}; add --{}", path, scope, scope);
    }
    return report(error);
  }
  std::printf("no longer registered for the %s: %s; what is loaded from it stays\n", name_of(given.scope()),
              printable(path).c_str());
  return kDone;
}

struct ListedRepo {
  std::string path;
  const char* scope;
  std::vector<std::string> modules;
  std::string problem;
};

std::vector<ListedRepo> listed_repos(const RepoArguments& given) {
  const RepoRegistry registry = RepoRegistry::of_this_user();
  std::vector<ListedRepo> out;
  for (const RepoScope scope : kScopes) {
    if (!given.shows(scope)) continue;
    const auto repos = registry.list(scope);
    if (!repos.ok()) {
      out.push_back({registry.file(scope), name_of(scope), {}, repos.error().text});
      continue;
    }
    for (const std::string& path : *repos) {
      std::error_code error;
      const char* problem = fs::is_directory(path, error) ? "" : "there is no such folder";
      out.push_back({path, name_of(scope), names_of(modules_in(path)), problem});
    }
  }
  return out;
}

int run_list(const RepoArguments& given) {
  const std::vector<ListedRepo> repos = listed_repos(given);
  if (given.json) {
    Json all = Json::array();
    for (const ListedRepo& each : repos) {
      Json one;
      one["path"] = each.path;
      one["scope"] = each.scope;
      one["modules"] = each.modules;
      one["problem"] = each.problem;
      all.push_back(std::move(one));
    }
    Json out;
    out["repos"] = std::move(all);
    print_json(out);
    return kDone;
  }
  Table table({"repo", "for", "modules"});
  for (const ListedRepo& each : repos) {
    table.add({each.path, each.scope, each.problem.empty() ? list_of(each.modules) : each.problem});
  }
  std::fputs(repos.empty() ? "no repos are registered; `chimaera repo add FOLDER` does it\n" : table.text().c_str(),
             stdout);
  return kDone;
}

void add_command(CLI::App& group, const char* name, const char* help, Action& run, int (*command)(const RepoArguments&),
                 const char* path) {
  CLI::App* added = group.add_subcommand(name, help);
  auto given = std::make_shared<RepoArguments>();
  if (path) added->add_option("FOLDER", given->path, path)->required();
  CLI::Option* user = added->add_flag("--user", given->user, path ? "for this user (the default)" : "this user's only");
  added->add_flag("--system", given->system, path ? "for every user" : "the system's only")->excludes(user);
  if (!path) added->add_flag("--json", given->json, "print JSON");
  added->callback([&run, given, command] { run = [given, command] { return command(*given); }; });
}

}  // namespace

void add_repo(CLI::App& program, Action& run) {
  CLI::App* group = program.add_subcommand("repo", "Register folders of modules");
  group->require_subcommand(1);
  add_command(*group, "add", "Have daemons look into a folder of modules", run, run_add, "a folder of module folders");
  add_command(*group, "list", "List the registered folders", run, run_list, nullptr);
  add_command(*group, "remove", "Have daemons look there no longer", run, run_remove, "a registered folder");
}

}  // namespace chi::cli
