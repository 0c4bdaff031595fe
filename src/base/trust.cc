// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements trust.h: a walk from / along the path, a component at a time.
#include "base/trust.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <system_error>

#include "base/file.h"

namespace chi {
namespace {

constexpr int kMostLinks = 40;  // as the kernel has it

// In a user namespace the ids of those outside, the machine's root among them, all look like this one.
bool is_unmapped(uid_t uid) {
  const auto overflow = read_file("/proc/sys/kernel/overflowuid", 64);
  if (!overflow.ok() || *overflow != fmt::format("{}\n", uid)) return false;
  const auto map = read_file("/proc/self/uid_map", 4096);
  return map.ok() && map->find("4294967295") == std::string::npos;
}

bool contains(const std::vector<uid_t>& list, uid_t uid) {
  const auto in = [&list](uid_t id) { return std::find(list.begin(), list.end(), id) != list.end(); };
  return in(uid) || (in(0) && is_unmapped(uid));
}

std::deque<std::string> parts_of(const std::string& path) {
  std::deque<std::string> out;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin && path.compare(begin, end - begin, ".") != 0) out.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

bool is_read_only(int fd) {
  struct statvfs system{};
  return ::fstatvfs(fd, &system) == 0 && (system.f_flag & ST_RDONLY) != 0;
}

class Walk {
 public:
  Walk(const std::string& path, int flags, const Trusted& trusted)
      : path_(path), flags_(flags), trusted_(trusted), rest_(parts_of(path)) {}

  Result<UniqueFd> run() {
    Status good = restart();
    while (good.ok() && !rest_.empty()) good = step();
    if (!good.ok()) return std::move(good).error();
    if (file_) return std::move(file_);
    UniqueFd folder(::openat(at_.get(), ".", flags_ | O_CLOEXEC));
    return folder ? Result<UniqueFd>(std::move(folder)) : Result<UniqueFd>(failed("open", path_));
  }

 private:
  Error failed(const char* what, const std::string& name) const {
    const int error = errno;
    return {errno_code(error), fmt::format("cannot {} '{}': {}", what, name, errno_text(error)), {}};
  }
  Error refused(const std::string& why) const {
    return {Code::permission_denied,
            fmt::format("'{}' is not used: {}; use one that only root and uid {} can change", path_, why, ::geteuid()),
            {}};
  }
  std::string shown(const std::string& name) const { return (shown_ == "/" ? "" : shown_) + "/" + name; }

  Status restart() {
    at_.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!at_) return failed("open", "/");
    shown_ = "/";
    struct stat info{};
    if (::fstat(at_.get(), &info) != 0) return failed("look at", "/");
    return enter(info, "/");
  }

  // Of a folder that is open now: who could change what is in it.
  Status enter(const struct stat& info, const std::string& name) {
    if (!contains(trusted_.owners, info.st_uid)) {
      return refused(fmt::format("'{}' belongs to uid {}", name, info.st_uid));
    }
    const bool own_group = info.st_gid == info.st_uid;  // as distributions make them, a group for each user
    const bool others = (info.st_mode & S_IWOTH) != 0 || ((info.st_mode & S_IWGRP) != 0 && !own_group);
    shared_ = others && !is_read_only(at_.get());
    if (shared_ && (info.st_mode & S_ISVTX) == 0) return refused(fmt::format("others may write to '{}'", name));
    return {};
  }

  Status step() {
    const std::string name = std::move(rest_.front());
    rest_.pop_front();
    struct stat info{};
    if (::fstatat(at_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return failed("look at", shown(name));
    if (shared_ && name != ".." && !contains(trusted_.keepers, info.st_uid)) {
      return refused(
          fmt::format("'{}' belongs to uid {}, in a folder where everybody may put things", shown(name), info.st_uid));
    }
    if (S_ISLNK(info.st_mode)) return follow(name);
    if (S_ISDIR(info.st_mode)) return descend(name);
    if (!rest_.empty()) {
      errno = ENOTDIR;
      return failed("open", shown(name));
    }
    return open_file(name);
  }

  Status follow(const std::string& name) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(at_.get(), name.c_str(), target.data(), target.size());
    if (size <= 0 || ++links_ > kMostLinks) {
      if (size > 0) errno = ELOOP;
      return failed("follow", shown(name));
    }
    const std::string text(target.data(), static_cast<std::size_t>(size));
    std::deque<std::string> parts = parts_of(text);
    rest_.insert(rest_.begin(), parts.begin(), parts.end());
    return text.front() == '/' ? restart() : Status();
  }

  Status descend(const std::string& name) {
    UniqueFd next(::openat(at_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info{};
    if (!next || ::fstat(next.get(), &info) != 0) return failed("open", shown(name));
    shown_ = shown(name);
    at_ = std::move(next);
    return enter(info, shown_);
  }

  Status open_file(const std::string& name) {
    file_.reset(::openat(at_.get(), name.c_str(), flags_ | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat info{};
    if (!file_ || ::fstat(file_.get(), &info) != 0) return failed("open", shown(name));
    if (!contains(trusted_.owners, info.st_uid)) {
      return refused(fmt::format("'{}' belongs to uid {}", shown(name), info.st_uid));
    }
    const bool own_group = trusted_.own_group && info.st_gid == info.st_uid;
    const mode_t others = own_group ? S_IWOTH : S_IWGRP | S_IWOTH;
    if ((info.st_mode & others) != 0 && !is_read_only(file_.get())) {
      return refused(fmt::format("others may write to '{}' (chmod go-w)", shown(name)));
    }
    return {};
  }

  const std::string& path_;
  const int flags_;
  const Trusted& trusted_;
  std::deque<std::string> rest_;
  UniqueFd at_;
  std::string shown_;
  bool shared_ = false;  // others may put things into the folder that is open
  int links_ = 0;
  UniqueFd file_;
};

}  // namespace

Trusted Trusted::root_and_this_user() { return {{0, ::geteuid()}, {0, ::geteuid()}, false}; }

Trusted Trusted::also(uid_t user) { return {{0, ::geteuid(), user}, {0, ::geteuid()}, false}; }

Result<UniqueFd> open_trusted(const std::string& path, int flags, const Trusted& trusted) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Error{Code::invalid_argument, fmt::format("'{}' names no file", path.c_str()), {}};
  }
  std::error_code error;
  const std::string whole = std::filesystem::absolute(path, error).string();
  if (error) return Error{errno_code(error.value()), fmt::format("cannot tell the folder of '{}'", path), {}};
  return Walk(whole, flags, trusted).run();
}

Result<std::string> read_trusted_file(const std::string& path, std::uint64_t limit) {
  auto file = open_trusted(path, O_RDONLY, Trusted::root_and_this_user());
  if (!file.ok()) return std::move(file).error();
  return read_file(*std::move(file), path, limit);
}

}  // namespace chi
