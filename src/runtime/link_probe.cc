// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements link_probe.h. The child of a process with threads has only this one: it may use what the C library makes
// fit after a fork, malloc and the linker among it, and no lock of ours.
#include "runtime/link_probe.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file.h"
#include "base/unique_fd.h"

namespace chi::runtime {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstPatience(1000);
constexpr char kEnded = '\n';  // the last thing the child says: linking is over, however it went

Error no_probe(std::string_view what, int error) {
  return {errno_code(error), fmt::format("cannot be tried out ({}: {})", what, errno_text(error)), {}};
}

[[noreturn]] void link_and_end(const std::string& path, int said, int report) {
  const rlimit no_core{0, 0};  // it would be one of the whole daemon
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(said, STDOUT_FILENO);
  ::dup2(said, STDERR_FILENO);
  ::signal(SIGABRT, SIG_DFL);
  (void)::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  (void)!::write(report, &kEnded, 1);
  ::_exit(0);
}

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

Status try_once(const std::string& path, std::chrono::milliseconds patience) {
  const UniqueFd said(::memfd_create("chi-probe", MFD_CLOEXEC));
  std::array<int, 2> ends{};
  if (!said || ::pipe2(ends.data(), O_CLOEXEC) != 0) return no_probe("memfd_create, pipe", errno);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return no_probe("fork", errno);
  if (child == 0) link_and_end(path, said.get(), writer.get());
  writer.reset();
  const bool in_time = wait_for_end(reader.get(), SteadyClock::now() + patience);
  char last = 0;
  const bool ended = in_time && ::read(reader.get(), &last, 1) == 1;
  if (!in_time) ::kill(child, SIGKILL);
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

}  // namespace

// A fork may catch a lock of the linker's that another thread holds for a moment, as one does that starts a thread or
// looks a symbol up: that child waits for it for ever. Twice in a row is something else.
Status probe_link(const std::string& path, std::chrono::milliseconds patience) {
  Status first = try_once(path, std::min(patience, kFirstPatience));
  if (first.ok() || first.code() != Code::deadline_exceeded) return first;
  return try_once(path, patience);
}

}  // namespace chi::runtime
