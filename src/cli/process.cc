// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pidfd.
#include "cli/process.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace chi::cli {

namespace {

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

// That the other end is open after the number was looked up: it has not come to mean another process by then.
bool still_connected(int socket) {
  pollfd now{socket, POLLIN | POLLRDHUP, 0};
  return ::poll(&now, 1, 0) >= 0 && (now.revents & (POLLHUP | POLLRDHUP | POLLERR)) == 0;
}

}  // namespace

Result<Process> Process::open(pid_t pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (fd) return Process(pid, std::move(fd));
  if (errno == ESRCH) return Error{Code::not_found, fmt::format("there is no process {}", pid), {}};
  return Error{errno_code(errno), fmt::format("cannot watch pid {}: {}", pid, errno_text(errno)), {}};
}

Result<Process> Process::listening_at(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return Error{errno_code(errno), fmt::format("cannot tell who listens: {}", errno_text(errno)), {}};
  }
  int raw = -1;
  size = sizeof raw;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &raw, &size) == 0) return Process(peer.pid, UniqueFd(raw));
  if (peer.pid == 0) {
    return Error{Code::failed_precondition, "it runs in another pid namespace, where its number is another one", {}};
  }
  Result<Process> found = open(peer.pid);
  if (found.ok() && !still_connected(socket)) return Error{Code::not_found, "it has just ended", {}};
  return found;
}

bool Process::ended_within(std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    pollfd wait{fd_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    const int events = ::poll(&wait, 1, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
    if (events > 0 || (events == 0 && left <= 0)) return events > 0;
    if (events < 0 && errno != EINTR) return false;
  }
}

Status Process::send(int signal) const {
  if (::syscall(SYS_pidfd_send_signal, fd_.get(), signal, nullptr, 0) == 0 || errno == ESRCH) return {};
  if (errno == EINVAL) {
    return Error{Code::failed_precondition,
                 "it runs in another pid namespace, and cannot be sent signals from here; end it there",
                 {}};
  }
  return Error{errno_code(errno), "cannot send it a signal: " + errno_text(errno), {}};
}

}  // namespace chi::cli
