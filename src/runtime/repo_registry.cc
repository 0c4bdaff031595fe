// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements repo_registry.h.
#include "runtime/repo_registry.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/text.h"
#include "base/trust.h"
#include "base/unique_fd.h"

namespace chi::runtime {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFile = 64 << 10;

// The lines as they stand, and what they register.
struct Entries {
  std::vector<std::string> lines;
  std::vector<std::string> repos;
};

Result<Entries> parse(const std::string& text, const std::string& file) {
  Entries out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out.lines.push_back(text.substr(begin, end - begin));
    const std::string& line = out.lines.back();
    begin = end + 1;
    if (line.empty() || line[0] == '#') continue;
    if (line[0] != '/' || line.find('\0') != std::string::npos) {
      return Error{Code::invalid_argument,
                   fmt::format("{}:{}: '{}' is no absolute path of a folder; correct the line, or delete it", file,
                               out.lines.size(), line.substr(0, 100)),
                   {}};
    }
    out.repos.push_back(line);
  }
  return out;
}

Result<Entries> read_entries(const std::string& file) {
  std::error_code error;
  if (file.empty() || !fs::exists(fs::status(file, error))) return Entries{};
  auto text = read_trusted_file(file, kMaxFile);
  if (!text) return std::move(text).error();
  return parse(*text, file);
}

// Held while the file is changed. A lock on the folder: the file itself is replaced.
Result<UniqueFd> lock_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX) == 0) return fd;
  const int failed = error ? error.value() : errno;
  return Error{
      errno_code(failed), fmt::format("cannot use the folder '{}': {}", folder.string(), errno_text(failed)), {}};
}

// The user's home, also where nobody set HOME.
std::string home() {
  if (const char* given = std::getenv("HOME"); given != nullptr && given[0] == '/') return given;
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr) return {};
  return found->pw_dir;
}

}  // namespace

RepoRegistry RepoRegistry::of_this_user() {
  const char* given = std::getenv("XDG_CONFIG_HOME");
  std::string folder = given != nullptr && given[0] == '/' ? given : home();
  if (!folder.empty()) folder += given != nullptr && given[0] == '/' ? "/chimaera/" : "/.config/chimaera/";
  return {folder.empty() ? folder : folder + "module_repos", "/etc/chimaera/module_repos"};
}

Result<std::vector<std::string>> RepoRegistry::list(RepoScope scope) const {
  auto entries = read_entries(file(scope));
  if (!entries) return std::move(entries).error();
  return std::move(entries->repos);
}

template <class Change>
Status RepoRegistry::change(RepoScope scope, Change&& how) const {
  const std::string& path = file(scope);
  if (path.empty()) {
    return {Code::failed_precondition, "there is no home to keep it in: set HOME or XDG_CONFIG_HOME"};
  }
  const auto lock = lock_folder(fs::path(path).parent_path());
  if (!lock) return lock.error();
  auto entries = read_entries(path);
  if (!entries) return std::move(entries).error();
  if (Status changed = how(*entries); !changed) return changed;
  std::string text;
  for (const std::string& line : entries->lines) text += line + "\n";
  if (text.size() > kMaxFile) return {Code::resource_exhausted, fmt::format("'{}' is full: remove some repos", path)};
  return replace_file(path, text, 0644);
}

Status RepoRegistry::add(RepoScope scope, const std::string& repo) const {
  if (repo.find('\n') != std::string::npos) {
    return {Code::invalid_argument, "a path with a newline in it cannot be registered; rename the folder"};
  }
  return change(scope, [&](Entries& entries) -> Status {
    if (std::find(entries.repos.begin(), entries.repos.end(), repo) != entries.repos.end()) {
      return {Code::already_exists, fmt::format("'{}' is registered already", repo)};
    }
    entries.lines.push_back(repo);
    return {};
  });
}

Status RepoRegistry::remove(RepoScope scope, const std::string& repo) const {
  return change(scope, [&](Entries& entries) -> Status {
    if (std::erase(entries.lines, repo) != 0) return {};
    return {Code::not_found, fmt::format("'{}' is not registered{}; there are: {}", repo,
                                         did_you_mean(repo, entries.repos), list_of(entries.repos))};
  });
}

}  // namespace chi::runtime
