// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A temporary file in the same folder, renamed at the end.
#include "cli/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/file.h"

namespace chi::cli {

namespace {

Error cannot(const std::string& path) {
  return {errno_code(errno), fmt::format("cannot write '{}': {}", path, errno_text(errno)), {}};
}

}  // namespace

Result<PartialFile> PartialFile::create(const std::string& path) {
  if (path == "-") {
    UniqueFd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!out) return cannot("stdout");
    return PartialFile("stdout", {}, std::move(out));
  }
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    return Error{Code::invalid_argument, fmt::format("'{}' is there and no regular file; name another one", path), {}};
  }
  std::string temporary = path + ".XXXXXX";
  UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return cannot(path);
  return PartialFile(path, std::move(temporary), std::move(file));
}

PartialFile::~PartialFile() {
  if (file_) abandon();
}

void PartialFile::abandon() const noexcept {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status PartialFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot(path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status PartialFile::finish() {
  const bool named = !temporary_.empty();
  if (named && (::fsync(file_.get()) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0)) return cannot(path_);
  file_.reset();
  return {};
}

}  // namespace chi::cli
