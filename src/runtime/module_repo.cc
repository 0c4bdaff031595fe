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

FoundModule look_into(const fs::path& folder) {
  FoundModule found;
  found.folder = folder.string();
  found.name = folder.filename().string();
  auto manifest = load_manifest((folder / kManifest).string());
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
  FoundModule found = look_into(folder);
  if (is_library && !found.version.empty()) {
    found.library = path.string();
    found.problem.clear();
  }
  return usable(std::move(found));
}

// The repo that belongs to this program: where it was built, or installed.
std::string built_in_repo() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  fs::path prefix = program.parent_path().parent_path();
  for (const fs::path& repo : {prefix / "modules", prefix / CHI_LIBDIR / "chimaera" / "modules"}) {
    if (fs::is_directory(repo, error)) return repo.string();
  }
  return {};
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

}  // namespace

std::vector<FoundModule> ModuleRepo::list() const {
  std::multimap<std::string, FoundModule> by_name;  // of one name: in the order of the repos
  for (const std::string& path : paths_) {
    for (const fs::path& folder : module_folders(path)) {
      FoundModule found = look_into(folder);
      auto first = by_name.find(found.name);
      if (first != by_name.end()) found.problem = fmt::format("not used: '{}' comes first", first->second.folder);
      by_name.emplace(found.name, std::move(found));
    }
  }
  std::vector<FoundModule> all;
  for (auto& [name, found] : by_name) all.push_back(std::move(found));
  return all;
}

Result<FoundModule> ModuleRepo::find(std::string_view name) const {
  if (name.find('/') != std::string_view::npos) return find_path(name);
  std::vector<std::string> names;
  for (FoundModule& found : list()) {
    if (found.name == name) return usable(std::move(found));
    if (names.empty() || names.back() != found.name) names.push_back(found.name);
  }
  return Error{Code::not_found,
               fmt::format("no module named '{}'{}; there are: {} (looked in: {})", name.substr(0, kMaxNameLength),
                           did_you_mean(name, names), list_of(names), list_of(paths_)),
               {}};
}

std::vector<std::string> module_search_path(std::span<const std::string> command_line,
                                            std::span<const std::string> configured, const char* environment) {
  std::vector<std::string> given(command_line.begin(), command_line.end());
  given.insert(given.end(), configured.begin(), configured.end());
  for (std::string& path : split(environment == nullptr ? "" : environment, ':')) given.push_back(std::move(path));
  given.push_back(built_in_repo());
  std::vector<std::string> paths;
  for (const std::string& path : given) {
    std::error_code error;
    std::string full = path.empty() ? path : fs::absolute(path, error).lexically_normal().string();
    while (full.size() > 1 && full.back() == '/') full.pop_back();
    if (!full.empty() && std::find(paths.begin(), paths.end(), full) == paths.end()) paths.push_back(std::move(full));
  }
  return paths;
}

}  // namespace chi::runtime
