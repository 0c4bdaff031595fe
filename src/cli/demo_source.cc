// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_source.h.
#include "cli/demo_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "base/file.h"

extern char** environ;

namespace chi::cli {

namespace {

Error failed_with(int error, const std::string& what) {
  return {errno_code(error), fmt::format("{}: {}", what, errno_text(error)), {}};
}

// Starts it with `output` as its standard output, and with none of the signals changed that this program changed.
int spawn(const std::vector<std::string>& command, int output, pid_t& pid) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = ::posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

Result<std::unique_ptr<DemoSource>> DemoSource::open(const std::string& path) {
  if (path == "-") {
    UniqueFd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!input) return failed_with(errno, "cannot read standard input");
    return std::unique_ptr<DemoSource>(new DemoSource("standard input", std::move(input)));
  }
  UniqueFd input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about{};
  if (!input || ::fstat(input.get(), &about) != 0) return failed_with(errno, fmt::format("cannot open '{}'", path));
  if (S_ISDIR(about.st_mode)) {
    return Error{Code::invalid_argument, fmt::format("'{}' is a folder: give a file of records", path), {}};
  }
  std::unique_ptr<DemoSource> source(new DemoSource(fmt::format("'{}'", path), std::move(input)));
  if (S_ISREG(about.st_mode)) source->size_ = static_cast<std::uint64_t>(about.st_size);
  return source;
}

Result<std::unique_ptr<DemoSource>> DemoSource::run(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed_with(errno, "cannot make a pipe");
  UniqueFd reader(ends[0]), writer(ends[1]);
  pid_t pid = 0;
  const int error = spawn(command, writer.get(), pid);
  if (error != 0) return failed_with(error, fmt::format("cannot run '{}'", command[0]));
  std::unique_ptr<DemoSource> source(new DemoSource(fmt::format("`{}`", fmt::join(command, " ")), std::move(reader)));
  source->program_ = pid;
  return source;
}

DemoSource::~DemoSource() {
  if (program_ == 0) return;
  ::kill(program_, SIGKILL);
  ::waitpid(program_, nullptr, 0);
}

Result<std::size_t> DemoSource::read(char* to, std::size_t size) {
  const auto begin = std::chrono::steady_clock::now();
  ssize_t got = 0;
  do {
    got = ::read(input_.get(), to, size);
  } while (got < 0 && errno == EINTR);
  const int error = errno;
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (got < 0) return failed_with(error, "cannot read " + name_);
  return static_cast<std::size_t>(got);
}

Status DemoSource::finish() {
  if (program_ == 0) return {};
  int status = 0;
  ::waitpid(program_, &status, 0);
  program_ = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string how = WIFSIGNALED(status) ? fmt::format("was killed by signal {}", WTERMSIG(status))
                                              : fmt::format("failed with exit code {}", WEXITSTATUS(status));
  return Error{Code::failed_precondition, fmt::format("{} {}", name_, how), {}};
}

}  // namespace chi::cli
