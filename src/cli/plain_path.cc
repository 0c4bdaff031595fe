// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements plain_path.h.
#include "cli/plain_path.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"

namespace chi::cli {

namespace fs = std::filesystem;

namespace {

bool is_plain(std::string_view path) noexcept { return path.find_first_of("\";\\\n") == std::string_view::npos; }

std::string base_folder() {
  const char* given = std::getenv("TMPDIR");
  return given != nullptr && *given == '/' && is_plain(given) ? given : "/tmp";
}

}  // namespace

Result<PlainPath> PlainPath::of(const std::string& folder) {
  PlainPath out;
  std::error_code error;
  const fs::path whole = fs::absolute(folder, error);
  if (error || is_plain(whole.native())) {
    out.path_ = folder;
    return out;
  }
  std::string holder = base_folder() + "/chimaera-build-XXXXXX";
  if (::mkdtemp(holder.data()) == nullptr) {
    return Error{errno_code(errno), fmt::format("cannot make a folder '{}': {}", holder, errno_text(errno)), {}};
  }
  out.holder_ = std::move(holder);
  out.path_ = out.holder_ + "/module";
  if (::symlink(whole.c_str(), out.path_.c_str()) != 0) {
    return Error{errno_code(errno), fmt::format("cannot make the link '{}': {}", out.path_, errno_text(errno)), {}};
  }
  return out;
}

PlainPath::PlainPath(PlainPath&& other) noexcept
    : path_(std::move(other.path_)), holder_(std::exchange(other.holder_, {})) {}

PlainPath::~PlainPath() {
  if (holder_.empty()) return;
  ::unlink(path_.c_str());
  ::rmdir(holder_.c_str());
}

}  // namespace chi::cli
