// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements file.h.
#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace chi {

namespace {

Error failed(std::string_view what, const std::string& path, int error) {
  return {errno_code(error), fmt::format("cannot {} '{}': {}", what, path, errno_text(error)), {}};
}

Error too_big(const std::string& path, std::uint64_t limit) {
  return {Code::invalid_argument, fmt::format("'{}' is larger than the limit of {} bytes", path, limit), {}};
}

Status check_regular(int fd, const std::string& path, std::uint64_t limit) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return failed("look at", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{Code::invalid_argument, fmt::format("'{}' is not a regular file", path), {}};
  }
  if (static_cast<std::uint64_t>(info.st_size) > limit) return too_big(path, limit);
  return {};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// That the name means the new file is on disk only when the folder is.
bool sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

std::string errno_text(int error) {
  std::string out = fmt::format("{} (errno {})", std::generic_category().message(error), error);
  rlimit limit{};
  if (error == EFBIG && ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    out += fmt::format(": this process may make files of {} bytes at most (ulimit -f)", limit.rlim_cur);
  }
  return out;
}

Code errno_code(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::permission_denied;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Code::resource_exhausted;
    default:
      return Code::failed_precondition;
  }
}

Result<std::string> read_file(const std::string& path, std::uint64_t limit) {
  if (path.find('\0') != std::string::npos) {
    return Error{Code::invalid_argument, "a path with a zero byte in it names no file", {}};
  }
  // O_NONBLOCK: opening a FIFO that nobody writes to must not wait; on a regular file it means nothing.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return failed("open", path, errno);
  return read_file(std::move(fd), path, limit);
}

Result<std::string> read_file(UniqueFd fd, const std::string& path, std::uint64_t limit) {
  if (Status regular = check_regular(fd.get(), path, limit); !regular.ok()) return std::move(regular).error();
  std::string out;
  char chunk[16384];
  while (true) {
    ssize_t n = ::read(fd.get(), chunk, sizeof(chunk));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", path, errno);
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > limit) return too_big(path, limit);
    out.append(chunk, static_cast<std::size_t>(n));
  }
}

Status replace_file(const std::string& path, std::string_view bytes, unsigned mode) {
  std::string temporary = path + ".XXXXXX";
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return failed("make a file beside", path, errno);
  const bool written = ::fchmod(fd.get(), mode) == 0 && write_all(fd.get(), bytes) && ::fsync(fd.get()) == 0 &&
                       ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return failed("write", path, error);
  }
  if (!sync_folder_of(path)) return failed("sync the folder of", path, errno);
  return {};
}

}  // namespace chi
