// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements runtime_dir.h.
#include "base/runtime_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "base/trust.h"

namespace chi {
namespace {

Status check_private(int folder, const std::string& path) {
  struct stat info{};
  if (::fstat(folder, &info) != 0) {
    return Error{errno_code(errno), fmt::format("cannot look at '{}': {}", path, errno_text(errno)), {}};
  }
  if (info.st_uid != ::geteuid()) {
    return Error{Code::permission_denied,
                 fmt::format("'{}' belongs to uid {}, not to this user; set XDG_RUNTIME_DIR to a folder of yours", path,
                             info.st_uid),
                 {}};
  }
  if ((info.st_mode & 07777) != 0700) {
    return Error{Code::permission_denied,
                 fmt::format("'{}' has mode {:04o}, but others must not reach it: chmod 0700 '{}'", path,
                             info.st_mode & 07777, path),
                 {}};
  }
  return {};
}

// By way of folders that nobody else can rename, so that the path goes on to mean what is opened here.
Result<UniqueFd> open_dir(bool make) {
  const std::string path = runtime_place().folder;
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);
  auto base = open_trusted(path.substr(0, slash), O_PATH | O_DIRECTORY, Trusted::root_and_this_user());
  if (!base.ok()) {
    Error error = std::move(base).error();
    if (error.code == Code::permission_denied) error.text += "; set XDG_RUNTIME_DIR to a folder of yours";
    return error;
  }
  if (make && ::mkdirat(base->get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{
        errno_code(errno),
        fmt::format("cannot make the folder '{}': {}; set XDG_RUNTIME_DIR to a folder where this user may write", path,
                    errno_text(errno)),
        {}};
  }
  UniqueFd folder(::openat(base->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder && (errno == ENOTDIR || errno == ELOOP)) {
    return Error{Code::permission_denied, fmt::format("'{}' is not a folder; remove it", path), {}};
  }
  if (!folder && errno == EACCES) {
    return Error{Code::permission_denied,
                 fmt::format("'{}' is not this user's; set XDG_RUNTIME_DIR to a folder of yours", path),
                 {}};
  }
  if (!folder) return Error{errno_code(errno), fmt::format("cannot open '{}': {}", path, errno_text(errno)), {}};
  if (Status own = check_private(folder.get(), path); !own.ok()) return std::move(own).error();
  return folder;
}

}  // namespace

RuntimePlace runtime_place() {
  const char* base = std::getenv("XDG_RUNTIME_DIR");
  if (base != nullptr && base[0] == '/') return {fmt::format("{}/chimaera", base), true};
  return {fmt::format("/tmp/chimaera-{}", ::geteuid()), false};
}

std::vector<RuntimePlace> runtime_places_of(uid_t uid) {
  return {{fmt::format("/run/user/{}/chimaera", uid), true}, {fmt::format("/tmp/chimaera-{}", uid), true}};
}

Result<std::string> runtime_dir(bool make) {
  auto folder = open_dir(make);
  if (!folder.ok()) return std::move(folder).error();
  return runtime_place().folder;
}

Result<UniqueFd> hold_runtime_dir() {
  auto folder = open_dir(true);
  if (folder.ok()) (void)::flock(folder->get(), LOCK_SH | LOCK_NB);  // whoever holds it otherwise lets go soon
  return folder;
}

Result<std::string> runtime_file(std::string_view daemon_name, std::string_view extension, bool make_dir) {
  if (Status good = check_daemon_name(daemon_name); !good.ok()) return std::move(good).error();
  auto folder = runtime_dir(make_dir);
  if (!folder) return folder;
  return fmt::format("{}/{}.{}", *folder, daemon_name, extension);
}

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un out{};
  if (path.empty() || path.size() >= sizeof(out.sun_path) || path.find('\0') != std::string::npos) {
    return Error{Code::invalid_argument,
                 fmt::format("'{}' cannot be a socket: its path has {} bytes, and 1 to {} are possible; use a shorter "
                             "folder or name",
                             path, path.size(), sizeof(out.sun_path) - 1),
                 {}};
  }
  out.sun_family = AF_UNIX;
  std::memcpy(out.sun_path, path.data(), path.size());
  return out;
}

}  // namespace chi
