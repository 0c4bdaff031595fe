// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements runtime_dir.h.
#include "base/runtime_dir.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.h"
#include "base/text.h"

namespace chi {
namespace {

// lstat, so that a link is seen as one: whoever made it could let it point anywhere later.
Status check_private(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    return Error{errno_code(errno), fmt::format("cannot look at '{}': {}", path, errno_text(errno)), {}};
  }
  if (!S_ISDIR(info.st_mode)) {
    return Error{Code::permission_denied, fmt::format("'{}' is not a folder; remove it", path), {}};
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
  const std::string path = runtime_place().folder;
  if (make && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{
        errno_code(errno),
        fmt::format("cannot make the folder '{}': {}; set XDG_RUNTIME_DIR to a folder where this user may write", path,
                    errno_text(errno)),
        {}};
  }
  auto valid = check_private(path);
  if (!valid) return std::move(valid).error();
  return path;
}

Status check_daemon_name(std::string_view name) {
  if (is_pool_name(name)) return {};
  return Error{Code::invalid_argument,
               fmt::format("'{}' cannot name a daemon: use 1 to {} letters, digits, '_', '.' or '-', beginning with a "
                           "letter or digit",
                           name.substr(0, 100), kMaxNameLength),
               {}};
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
