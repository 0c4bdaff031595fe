// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements listen_socket.h. Between the look at what has the name and taking it, nobody else who makes sockets this
// way may take it: they lock the folder. In a folder of the user's own, where a daemon's lock keeps cleaners away
// (runtime_dir.h), only programs of that user could, and a daemon's name has a lock of its own.
#include "base/listen_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <utility>

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

std::string name_in_folder(const std::string& path) { return std::filesystem::path(path).filename().string(); }

bool is_own(int folder) {
  struct stat info{};
  return ::fstat(folder, &info) == 0 && info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Result<UniqueFd> lock_folder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return failed(fmt::format("cannot open the folder '{}'", folder));
  for (int i = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failed(fmt::format("cannot lock the folder '{}'", folder));
    if (is_own(fd.get())) break;
    if (i == kLockTries) {
      return Error{Code::aborted, fmt::format("another program keeps '{}' locked; choose another folder", folder), {}};
    }
    const timespec pause{0, kLockPauseNs};
    ::nanosleep(&pause, nullptr);
  }
  return fd;
}

// Whether nobody listens: a socket whose program has gone refuses.
bool is_stale(const sockaddr_un& address, int type) {
  const UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return false;
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
}

Status make_room(const ListenPlan& plan, int folder, const sockaddr_un& address) {
  struct stat there{};
  const std::string name = name_in_folder(plan.path);
  if (::fstatat(folder, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? Status() : Status(failed(fmt::format("cannot look at '{}'", plan.path)));
  }
  if (plan.replaces_link && S_ISLNK(there.st_mode) && is_own(folder)) {
    return ::unlinkat(folder, name.c_str(), 0) == 0 ? Status() : failed(fmt::format("cannot remove '{}'", plan.path));
  }
  if (!S_ISSOCK(there.st_mode)) {
    return {Code::already_exists, fmt::format("'{}' is there, and is no socket; name another path", plan.path)};
  }
  if (there.st_uid != ::geteuid()) {
    return {Code::permission_denied, fmt::format("'{}' is another user's socket; name another path", plan.path)};
  }
  if (!is_stale(address, plan.type)) {
    return {Code::already_exists,
            fmt::format("a program serves at '{}' already; end it, or name another path", plan.path)};
  }
  return ::unlinkat(folder, name.c_str(), 0) == 0
             ? Status()
             : Status(failed(fmt::format("cannot remove the old '{}'", plan.path)));
}

// Group and mode of what was just made; by its descriptor, for in the folder it may have been replaced.
bool give_rights(int inode, const ListenPlan& plan) {
  struct stat made{};
  if (::fstat(inode, &made) != 0) return false;
  if (!S_ISSOCK(made.st_mode) || made.st_uid != ::geteuid()) {
    errno = EEXIST;
    return false;
  }
  const bool grouped = plan.group == static_cast<gid_t>(-1) ||
                       ::fchownat(inode, "", static_cast<uid_t>(-1), plan.group, AT_EMPTY_PATH) == 0;
  return grouped && ::chmod(fmt::format("/proc/self/fd/{}", inode).c_str(), plan.mode) == 0;
}

}  // namespace

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  if (this == &other) return *this;
  remove();
  plan_ = std::move(other.plan_);
  fd_ = std::move(other.fd_);
  folder_ = std::move(other.folder_);
  inode_ = std::move(other.inode_);
  return *this;
}

Result<ListenSocket> ListenSocket::open(ListenPlan plan) {
  const auto address = socket_address(plan.path);
  if (!address.ok()) return address.error();
  auto folder = lock_folder(plan.path);
  if (!folder.ok()) return std::move(folder).error();
  if (auto free = make_room(plan, folder->get(), *address); !free.ok()) return std::move(free).error();
  ListenSocket out;
  out.plan_ = std::move(plan);
  const std::string& path = out.plan_.path;
  out.fd_.reset(::socket(AF_UNIX, out.plan_.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.fd_) return failed("no socket to be had");
  // Linux gives the name the socket's own mode: there is no moment at which others could connect that may not.
  if (::fchmod(out.fd_.get(), 0600) != 0 ||
      ::bind(out.fd_.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return failed(fmt::format("cannot make the socket '{}'", path));
  }
  out.inode_.reset(::openat(folder->get(), name_in_folder(path).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  // Unlocked, but held: closing it would not unlock what a copy still holds.
  out.folder_.reset(::openat(folder->get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.inode_ || !out.folder_ || !give_rights(out.inode_.get(), out.plan_) ||
      ::listen(out.fd_.get(), out.plan_.backlog) != 0) {
    return failed(fmt::format("cannot set up the socket '{}'", path));
  }
  return out;
}

bool ListenSocket::is_named() const noexcept {
  struct stat named{}, held{};
  return ::lstat(plan_.path.c_str(), &named) == 0 && ::fstat(inode_.get(), &held) == 0 && named.st_dev == held.st_dev &&
         named.st_ino == held.st_ino;
}

Status ListenSocket::make_anew() {
  auto made = open(plan_);
  if (!made.ok()) return std::move(made).error();
  *this = *std::move(made);
  return {};
}

void ListenSocket::remove() noexcept {
  if (!fd_) return;
  struct stat named{}, held{};
  const std::size_t slash = plan_.path.rfind('/');
  const char* name = plan_.path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
  const bool ours = inode_ && ::fstat(inode_.get(), &held) == 0 &&
                    ::fstatat(folder_.get(), name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == held.st_dev &&
                    named.st_ino == held.st_ino;
  if (ours) ::unlinkat(folder_.get(), name, 0);
  inode_.reset();
  folder_.reset();
  fd_.reset();
}

std::string SocketKeeper::look_after(ListenSocket& socket, const std::string& path) {
  if (!socket || socket.is_named()) {
    lost_ = false;
    return {};
  }
  const Status made = socket.make_anew();
  if (made.ok()) {
    lost_ = false;
    return fmt::format("somebody took the socket '{}' away; it is made anew", path);
  }
  if (std::exchange(lost_, true)) return {};
  return fmt::format("somebody took the socket '{}' away, and it cannot be made anew: {}", path, made.error().text);
}

}  // namespace chi
