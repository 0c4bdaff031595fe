// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The folder is made under another name beside its place, and renamed when it is complete.
#include "cli/module_new.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/file.h"
#include "cli/module_name.h"

namespace chi::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kWord = "TASK_NAME";
constexpr std::string_view kCopyright = "Copyright (c) The Chimaera authors";
constexpr std::uint64_t kMaxFile = 1 << 20;

std::string replaced(std::string text, const std::string& name) {
  for (std::size_t at = 0; (at = text.find(kWord, at)) != std::string::npos; at += name.size()) {
    text.replace(at, kWord.size(), name);
  }
  return text;
}

// The author's file is not ours: without our first line, and the empty comment line behind it.
std::string without_copyright(std::string text) {
  const std::size_t end = text.find('\n');
  if (end == std::string::npos || text.substr(0, end).find(kCopyright) == std::string::npos) return text;
  text.erase(0, end + 1);
  if (text.starts_with("//\n")) text.erase(0, 3);
  return text;
}

// A text file with the word replaced; one of other bytes as it is.
Status copy_file(const fs::path& from, const fs::path& to, const std::string& name) {
  auto bytes = read_file(from.string(), kMaxFile);
  if (!bytes) return std::move(bytes).error();
  const bool is_text = bytes->find('\0') == std::string::npos;
  return replace_file(to.string(), is_text ? replaced(without_copyright(*std::move(bytes)), name) : *bytes, 0644);
}

Error failed(std::string_view what, const fs::path& path, int error) {
  const Code code = error == EEXIST || error == ENOTEMPTY ? Code::already_exists : errno_code(error);
  return {code, fmt::format("cannot {} '{}': {}", what, path.string(), errno_text(error)), {}};
}

Status copy_folder(const fs::path& from, const fs::path& to, const std::string& name) {
  std::error_code error;
  for (fs::directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    const fs::path target = to / replaced(at->path().filename().string(), name);
    if (at->is_regular_file(error)) {
      if (Status copied = copy_file(at->path(), target, name); !copied) return copied;
    } else if (at->is_directory(error) && at->path().filename() != "build") {
      if (!fs::create_directory(target, error)) break;
      if (Status copied = copy_folder(at->path(), target, name); !copied) return copied;
    }
  }
  return error ? Status(failed("copy", from, error.value())) : Status();
}

// A folder that goes again unless it is renamed.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent) : path_((parent / ".chimaera-new-XXXXXX").string()) {
    made_ = ::mkdtemp(path_.data()) != nullptr;
    if (!made_) error_ = errno;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (made_) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const noexcept { return path_; }
  int error() const noexcept { return error_; }

  // 0, or an errno: EEXIST when something is there.
  int rename_to(const fs::path& target) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::chmod(path_.c_str(), 0777 & ~mask) != 0) return errno;
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) return errno;
    made_ = false;
    return 0;
  }

 private:
  std::string path_;
  bool made_ = false;
  int error_ = 0;
};

Error already_there(const fs::path& target) {
  return {Code::already_exists,
          fmt::format("'{}' is there already; take another name, or another --dir", target.string()),
          {}};
}

}  // namespace

Result<std::string> make_module(const std::string& from_template, const std::string& parent, const std::string& name) {
  if (Status good = check_module_name(name); !good) return std::move(good).error();
  std::error_code error;
  if (!fs::is_directory(parent, error)) {
    return Error{
        Code::not_found, fmt::format("there is no folder '{}'; make it first, or give another --dir", parent), {}};
  }
  const fs::path target = (fs::path(parent) / name).lexically_normal();
  if (fs::symlink_status(target, error).type() != fs::file_type::not_found) return already_there(target);
  if (from_template.empty()) {
    return Error{Code::not_found,
                 "this program has no template of a module beside it (share/chimaera/TASK_NAME); install Chimaera as "
                 "a whole, with `make install`",
                 {}};
  }
  TemporaryFolder made(parent);
  if (made.error() != 0) return failed("make a folder in", parent, made.error());
  if (Status copied = copy_folder(from_template, made.path(), name); !copied) return std::move(copied).error();
  const int failure = made.rename_to(target);
  if (failure == EEXIST) return already_there(target);
  if (failure != 0) return failed("make", target, failure);
  return target.string();
}

}  // namespace chi::cli
