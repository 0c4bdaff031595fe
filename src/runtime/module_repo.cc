// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements module_repo.h.
#include "runtime/module_repo.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/text.h"
#include "runtime/installation.h"
#include "runtime/manifest.h"

namespace chi::runtime {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFolders = 4096;  // looked at in one repo
constexpr const char* kManifest = "manifest.yaml";

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::string library_of(const fs::path& folder, const Manifest& manifest) {
  std::vector<std::string> names{"lib" + manifest.name + ".so", manifest.name + ".so"};
  if (!manifest.library.empty()) names = {manifest.library};
  for (const std::string& name : names) {
    if (is_file(folder / name)) return (folder / name).string();
  }
  return {};
}

FoundModule look_into(const fs::path& folder, const Trusted& authors) {
  FoundModule found;
  found.folder = folder.string();
  found.name = folder.filename().string();
  auto manifest = load_trusted_manifest((folder / kManifest).string(), authors);
  if (!manifest) {
    found.problem = manifest.error().text;
    return found;
  }
  found.name = manifest->name;
  found.version = manifest->version;
  found.description = manifest->description;
  found.library = library_of(folder, *manifest);
  if (found.library.empty()) {
    found.problem = fmt::format(
        "'{}' has no library: it must hold {}; build the module", found.folder,
        manifest->library.empty() ? fmt::format("lib{}.so", manifest->name) : fmt::format("'{}'", manifest->library));
  }
  return found;
}

// The module folders of a repo, sorted.
std::vector<fs::path> module_folders(const fs::path& repo) {
  std::vector<fs::path> folders;
  std::error_code error;
  fs::directory_iterator at(repo, error);
  for (std::size_t seen = 0; !error && at != fs::directory_iterator() && seen < kMaxFolders; ++seen) {
    if (is_file(at->path() / kManifest)) folders.push_back(at->path());
    at.increment(error);
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Result<FoundModule> usable(FoundModule found) {
  if (!found.problem.empty()) return Error{Code::failed_precondition, found.problem, {}};
  return found;
}

Result<FoundModule> find_path(const fs::path& given) {
  std::error_code error;
  fs::path path = fs::absolute(given, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "repo/kv/"
  bool is_library = is_file(path);
  fs::path folder = is_library ? path.parent_path() : path;
  if (error || !is_file(folder / kManifest)) {
    return Error{
        Code::not_found,
        fmt::format("'{}' is no module: a module's folder holds manifest.yaml and its library", given.string()),
        {}};
  }
  FoundModule found = look_into(folder, code_authors());
  if (is_library && !found.version.empty()) {
    found.library = path.string();
    found.problem.clear();
  }
  return usable(std::move(found));
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(at), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// Absolute, without '.', '..', and '/' at the end; empty stays empty.
std::string plain_path(const std::string& path) {
  std::error_code error;
  std::string full = path.empty() ? path : fs::absolute(path, error).lexically_normal().string();
  while (full.size() > 1 && full.back() == '/') full.pop_back();
  return full;
}

void add_once(std::vector<std::string>& paths, const std::string& path) {
  if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
}

bool has_folder(const std::vector<FoundModule>& modules, const std::string& folder) {
  return std::any_of(modules.begin(), modules.end(), [&](const FoundModule& each) {
    std::error_code error;
    return each.folder == folder || fs::equivalent(each.folder, folder, error);
  });
}

// By name, what is in these repos; of one name, two that are one folder (through a link) are one.
using ByName = std::map<std::string, std::vector<FoundModule>>;

ByName modules_of(const std::vector<std::string>& repos) {
  ByName out;
  const Trusted authors = code_authors();
  for (const std::string& repo : repos) {
    for (const fs::path& folder : module_folders(repo)) {
      FoundModule found = look_into(folder, authors);
      auto& same_name = out[found.name];
      if (!has_folder(same_name, found.folder)) same_name.push_back(std::move(found));
    }
  }
  return out;
}

// Several modules of one name, none of which comes first.
void mark_doubled(std::vector<FoundModule>& same_name) {
  if (same_name.size() < 2) return;
  std::vector<std::string> folders;
  for (const FoundModule& each : same_name) folders.push_back("'" + each.folder + "'");
  const std::string problem = fmt::format(
      "there are {} modules '{}', in {}: which one is meant? Name its path, put its repo into the "
      "--module-path of the daemon, or remove the others (`chimaera repo list`)",
      same_name.size(), same_name[0].name, list_of(folders, 5));
  for (FoundModule& each : same_name) each.problem = problem;
}

}  // namespace

std::vector<std::vector<std::string>> ModuleRepo::ranks() const {
  std::vector<std::vector<std::string>> out;
  for (const std::string& path : paths_.named) out.push_back({path});
  std::vector<std::string> unordered;
  for (const RepoScope scope : {RepoScope::user, RepoScope::system}) {
    const auto registered = paths_.registry.list(scope);
    if (!registered) continue;  // see registry_problem()
    for (const std::string& path : *registered) add_once(unordered, path);
  }
  add_once(unordered, paths_.own);
  std::erase_if(unordered, [&](const std::string& path) {
    return std::find(paths_.named.begin(), paths_.named.end(), path) != paths_.named.end();
  });
  out.push_back(std::move(unordered));
  return out;
}

std::vector<std::string> ModuleRepo::paths() const {
  std::vector<std::string> out;
  for (const auto& rank : ranks()) out.insert(out.end(), rank.begin(), rank.end());
  return out;
}

std::vector<FoundModule> ModuleRepo::list() const {
  ByName all;
  for (const auto& rank : ranks()) {
    for (auto& [name, same_name] : modules_of(rank)) {
      auto& known = all[name];
      if (known.empty()) {
        mark_doubled(same_name);
        known = std::move(same_name);
        continue;
      }
      for (FoundModule& each : same_name) {
        if (has_folder(known, each.folder)) continue;
        each.problem = fmt::format("not used: '{}' comes first", known[0].folder);
        known.push_back(std::move(each));
      }
    }
  }
  std::vector<FoundModule> out;
  for (auto& [name, same_name] : all) {
    for (FoundModule& each : same_name) out.push_back(std::move(each));
  }
  return out;
}

Result<FoundModule> ModuleRepo::find(std::string_view name) const {
  if (name.find('/') != std::string_view::npos) return find_path(name);
  std::vector<std::string> names;
  for (FoundModule& found : list()) {
    if (found.name == name) return usable(std::move(found));
    if (names.empty() || names.back() != found.name) names.push_back(found.name);
  }
  const Status registry = registry_problem();
  return Error{Code::not_found,
               fmt::format("no module named '{}'{}; there are: {} (looked in: {}){}", name.substr(0, kMaxNameLength),
                           did_you_mean(name, names), list_of(names), list_of(paths()),
                           registry ? "" : "; and " + registry.error().text),
               {}};
}

Status ModuleRepo::registry_problem() const {
  for (const RepoScope scope : {RepoScope::user, RepoScope::system}) {
    const auto registered = paths_.registry.list(scope);
    if (!registered) return registered.error();
  }
  return {};
}

ModulePaths module_search_path(std::span<const std::string> command_line, std::span<const std::string> configured,
                               const char* environment, RepoRegistry registry) {
  ModulePaths paths;
  for (const std::string& path : command_line) add_once(paths.named, plain_path(path));
  for (const std::string& path : configured) add_once(paths.named, plain_path(path));
  for (const std::string& path : split(environment == nullptr ? "" : environment, ':')) {
    add_once(paths.named, plain_path(path));
  }
  paths.own = own_module_repo();
  paths.registry = std::move(registry);
  return paths;
}

}  // namespace chi::runtime
