// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The output goes to a memfd, not a pipe: what a tool leaves running in the background (a compiler cache) may keep it
// open without anybody waiting for its end.
#include "cli/run_tool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/file.h"
#include "base/unique_fd.h"

namespace chi::cli {

namespace {

constexpr std::size_t kMaxOutput = 1 << 20;

// What posix_spawn is told, given back at the end.
struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // This program ignores SIGPIPE and SIGXFSZ; what it runs expects to end by them.
  int prepare(int output) {
    sigset_t usual;
    ::sigemptyset(&usual);
    ::sigaddset(&usual, SIGPIPE);
    ::sigaddset(&usual, SIGXFSZ);
    int error = ::posix_spawnattr_setsigdefault(&attributes, &usual);
    if (error == 0) error = ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (error == 0) error = ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    return error;
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::string contents(int fd) {
  std::string out(kMaxOutput, '\0');
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t n = ::pread(fd, out.data() + size, out.size() - size, static_cast<off_t>(size));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  out.resize(size);
  return out;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<ToolResult> run_tool(const std::vector<std::string>& command) {
  const UniqueFd output(::memfd_create("tool-output", MFD_CLOEXEC));
  std::vector<char*> arguments;
  for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  SpawnPlan plan;
  pid_t child = 0;
  int error = output ? plan.prepare(output.get()) : errno;
  if (error == 0) {
    error = ::posix_spawnp(&child, arguments[0], &plan.actions, &plan.attributes, arguments.data(), environ);
  }
  if (error != 0) {
    return Error{errno_code(error), fmt::format("cannot run '{}': {}", command[0], errno_text(error)), {}};
  }
  const int exit_code = wait_for(child);
  return ToolResult{exit_code, contents(output.get())};
}

std::string find_tool(const std::string& name) {
  const auto usable = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos) return usable(name) ? name : std::string();
  const char* given = std::getenv("PATH");
  std::string_view rest = given == nullptr ? "/usr/local/bin:/usr/bin:/bin" : given;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string path = std::string(end == 0 ? "." : rest.substr(0, end)) + "/" + name;
    if (!name.empty() && usable(path)) return path;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

}  // namespace chi::cli
