// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements link_probe.h. posix_spawn shares this process' memory with the child until that has become the other
// program, so nothing is copied, however much there is.
#include "runtime/link_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/file.h"
#include "base/unique_fd.h"
#include "runtime/link_probe_program.h"
#include "runtime/sealed_memory.h"

namespace chi::runtime {

namespace {

using SteadyClock = std::chrono::steady_clock;

Error no_probe(std::string_view what, int error) {
  const Code code = error == EAGAIN ? Code::resource_exhausted : errno_code(error);
  return {code, fmt::format("cannot be tried out ({}: {})", what, errno_text(error)), {}};
}

// What posix_spawn is told. The descriptors, whatever they are here, have numbers beyond those that they get there.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int give(int from, int to) {
    UniqueFd beyond(::fcntl(from, F_DUPFD_CLOEXEC, kProbeProgram + 1));
    if (!beyond) return errno;
    const int error = ::posix_spawn_file_actions_adddup2(&actions_, beyond.get(), to);
    given_[to] = std::move(beyond);
    return error;
  }

  // Also a program that this node is a part of has descriptors, not all of them closed on exec, and signals blocked.
  int start(pid_t& child) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0) error = ::posix_spawn_file_actions_addclosefrom_np(&actions_, kProbeProgram + 1);
    if (error != 0) return error;
    const std::string path = fmt::format("/proc/self/fd/{}", kProbeProgram);  // the child's own
    std::string name = "chimaera-probe";
    std::array<char*, 2> arguments{name.data(), nullptr};
    return ::posix_spawn(&child, path.c_str(), &actions_, &attributes_, arguments.data(), environ);
  }

  void release() { given_ = {}; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  std::array<UniqueFd, kProbeProgram + 1> given_;
};

// Waits for the child's end, which closes its end of the pipe; false: too late.
bool wait_for_end(int pipe, SteadyClock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    pollfd wait{pipe, POLLIN, 0};
    const int events = left > 0 ? ::poll(&wait, 1, static_cast<int>(left)) : 0;
    if (events >= 0 || errno != EINTR) return events > 0;
  }
}

// The first of what the library, or the C++ runtime on its behalf, has printed.
std::string first_words(int said) {
  std::array<char, 400> text{};
  const ssize_t size = ::pread(said, text.data(), text.size(), 0);
  std::string out(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  for (char& c : out) {
    if (c == '\n') c = ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return no_probe("pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

Status probe_link(int library, std::chrono::milliseconds patience) {
  auto program = sealed_copy(link_probe_program(), "chimaera-probe", CodeKind::program);
  if (!program.ok()) {
    return {program.code(), "cannot be tried out: the program for it " + program.error().text};
  }
  const UniqueFd said(::memfd_create("chi-probe", MFD_CLOEXEC));
  if (!said) return no_probe("memfd_create", errno);
  auto pipe = make_pipe();
  if (!pipe.ok()) return std::move(pipe).error();

  SpawnPlan plan;
  pid_t child = 0;
  int error = plan.give(said.get(), STDOUT_FILENO);
  if (error == 0) error = plan.give(said.get(), STDERR_FILENO);
  if (error == 0) error = plan.give(library, kProbeLibrary);
  if (error == 0) error = plan.give(pipe->writer.get(), kProbeReport);
  if (error == 0) error = plan.give(program->get(), kProbeProgram);
  if (error != 0) return no_probe("dup", error);
  if ((error = plan.start(child)) != 0) return no_probe("posix_spawn", error);
  // Whoever else here waits for children may take this one, too, and its number may be another's then.
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  plan.release();
  pipe->writer.reset();

  const bool in_time = wait_for_end(pipe->reader.get(), SteadyClock::now() + patience);
  char last = 0;
  const bool ended = in_time && ::read(pipe->reader.get(), &last, 1) == 1;
  if (!in_time && handle) (void)::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
  if (!in_time && !handle) (void)::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (ended) return {};
  if (!in_time) {
    return {Code::deadline_exceeded,
            fmt::format("was still being linked after {} s: a constructor of a static object does not end",
                        std::chrono::duration<double>(patience).count())};
  }
  const std::string words = first_words(said.get());
  return {Code::failed_precondition,
          fmt::format("ends the process while it is linked, in a constructor of a static object{}{}; do the work in "
                      "the container's open(), which may fail",
                      words.empty() ? "" : ": ", words)};
}

}  // namespace chi::runtime
