// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements daemon_names.h.
#include "cli/daemon_names.h"

#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/runtime_dir.h"

namespace chi::cli {

namespace {

bool is_folder(int held, const std::string& path) {
  struct stat open_now{}, named{};
  return held >= 0 && ::fstat(held, &open_now) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_now.st_dev == named.st_dev && open_now.st_ino == named.st_ino;
}

}  // namespace

DaemonNames::DaemonNames(DaemonLock& lock, Logger& log, std::string link, std::string socket)
    : lock_(lock), log_(log), link_(std::move(link)), socket_(std::move(socket)) {}

DaemonNames::~DaemonNames() {
  if (!link_.empty() && !lost_ && leads_to_socket()) ::unlink(link_.c_str());
}

Status DaemonNames::begin(bool in_runtime_dir) {
  in_runtime_dir_ = in_runtime_dir;
  if (in_runtime_dir_) {
    Result<UniqueFd> folder = hold_runtime_dir();
    if (!folder.ok()) return std::move(folder).error();
    folder_ = *std::move(folder);
  }
  return link_.empty() ? Status() : make_link();
}

bool DaemonNames::leads_to_socket() const {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(link_.c_str(), target.data(), target.size());
  return size > 0 && socket_ == std::string_view(target.data(), static_cast<std::size_t>(size));
}

// In the place of what an earlier daemon of the name, whose lock is ours, has left.
Status DaemonNames::make_link() const {
  const std::string temporary = link_ + ".new";
  ::unlink(temporary.c_str());
  if (::symlink(socket_.c_str(), temporary.c_str()) == 0 && ::rename(temporary.c_str(), link_.c_str()) == 0) return {};
  const int error = errno;
  ::unlink(temporary.c_str());
  return Error{errno_code(error), fmt::format("cannot make the link '{}': {}", link_, errno_text(error)), {}};
}

void DaemonNames::look_after() {
  if (in_runtime_dir_ && !is_folder(folder_.get(), runtime_place().folder)) {
    Result<UniqueFd> folder = hold_runtime_dir();
    if (!folder.ok()) return;  // said once the pid file cannot be made
    folder_ = *std::move(folder);
    log_.follow_name();
    log_.warning("somebody took the folder '{}' away; it is made anew", runtime_place().folder);
  }
  log_.follow_name();
  const Result<bool> made = lock_.look_after();
  if (!made.ok()) {
    if (!std::exchange(lost_, true)) {
      log_.warning("somebody took the daemon's pid file away, and it cannot be made anew: {}", made.error().text);
    }
    return;
  }
  if (std::exchange(lost_, false) || *made) log_.warning("somebody took or changed the pid file; it is made anew");
  if (link_.empty() || leads_to_socket()) return;
  if (const Status linked = make_link(); linked.ok()) log_.warning("the link '{}' is made anew", link_);
}

}  // namespace chi::cli
