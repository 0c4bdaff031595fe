// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements listen_socket.h. Between the look at what has the name and taking it, nobody else who makes sockets this
// way may take it: they lock the folder.
#include "base/listen_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

#include "base/file.h"
#include "base/runtime_dir.h"

namespace chi {
namespace {

constexpr int kLockTries = 200;
constexpr long kLockPauseNs = 5'000'000;

Error failed(const std::string& what) {
  const int error = errno;
  return {errno_code(error), fmt::format("{}: {}", what, errno_text(error)), {}};
}

Result<UniqueFd> lock_folder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return failed(fmt::format("cannot open the folder '{}'", folder));
  for (int i = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failed(fmt::format("cannot lock the folder '{}'", folder));
    if (i == kLockTries) {
      return Error{Code::aborted, fmt::format("another program keeps '{}' locked; choose another folder", folder), {}};
    }
    const timespec pause{0, kLockPauseNs};
    ::nanosleep(&pause, nullptr);
  }
  return fd;
}

// Whether nobody listens: a socket whose program has gone refuses.
bool is_stale(const sockaddr_un& address) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return false;
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
}

Status make_room(const std::string& path, const sockaddr_un& address) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0) {
    return errno == ENOENT ? Status() : Status(failed(fmt::format("cannot look at '{}'", path)));
  }
  if (!S_ISSOCK(there.st_mode)) {
    return {Code::already_exists, fmt::format("'{}' is there, and is no socket; name another path", path)};
  }
  if (there.st_uid != ::geteuid()) {
    return {Code::permission_denied, fmt::format("'{}' is another user's socket; name another path", path)};
  }
  if (!is_stale(address)) {
    return {Code::already_exists, fmt::format("a program serves at '{}' already; end it, or name another path", path)};
  }
  return ::unlink(path.c_str()) == 0 ? Status() : Status(failed(fmt::format("cannot remove the old '{}'", path)));
}

}  // namespace

Result<ListenSocket> ListenSocket::open(const std::string& path, unsigned mode) {
  const auto address = socket_address(path);
  if (!address.ok()) return address.error();
  const auto lock = lock_folder(path);
  if (!lock.ok()) return lock.error();
  if (auto free = make_room(path, *address); !free.ok()) return std::move(free).error();
  ListenSocket out;
  out.fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.fd_) return failed("no socket to be had");
  // Linux gives the name the socket's own mode: there is no moment at which it has another one.
  if (::fchmod(out.fd_.get(), 0600) != 0 ||
      ::bind(out.fd_.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return failed(fmt::format("cannot make the socket '{}'", path));
  }
  out.path_ = path;
  struct stat made{};
  const bool known = ::lstat(path.c_str(), &made) == 0;
  out.device_ = made.st_dev;
  out.inode_ = made.st_ino;
  if (!known || ::chmod(path.c_str(), mode) != 0 || ::listen(out.fd_.get(), SOMAXCONN) != 0) {
    return failed(fmt::format("cannot set up the socket '{}'", path));
  }
  return out;
}

void ListenSocket::remove() noexcept {
  if (!fd_) return;
  struct stat there{};
  const bool ours = ::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_;
  if (ours) ::unlink(path_.c_str());
  fd_.reset();
}

}  // namespace chi
