// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements daemon_address.h.
#include "client/daemon_address.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/runtime_dir.h"
#include "base/text.h"
#include "base/trust.h"
#include "base/unique_fd.h"

namespace chi::client {
namespace {

constexpr const char* kWhere = "client";

Result<uid_t> user_of(const std::string& text) {
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(text.c_str(), &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) return found->pw_uid;
  const auto number = parse_number(text);
  if (number.ok() && *number < 0xffffffffU) return static_cast<uid_t>(*number);
  return Error{Code::not_found, fmt::format("there is no user '{}' here", text.substr(0, 100)), kWhere};
}

Error none_of(const ConnectOptions& options) {
  const std::string whose = options.user.empty() ? "" : fmt::format(" of user '{}'", options.user);
  return {Code::unavailable,
          fmt::format("no daemon named '{}'{} runs; start one with `chimaera start`", options.name, whose), kWhere};
}

// The owner of the folder, when nobody but him and root can put a socket there; else nobody.
std::optional<uid_t> voucher(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct stat info{};
  if (::stat(folder.empty() ? "." : folder.c_str(), &info) != 0) return std::nullopt;
  const uid_t owner = info.st_uid;
  const auto held = open_trusted(folder.empty() ? "." : folder, O_PATH | O_DIRECTORY, Trusted::also(owner));
  if (!held.ok() || ::fstat(held->get(), &info) != 0) return std::nullopt;
  return info.st_uid == owner && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? std::optional(owner) : std::nullopt;
}

}  // namespace

Result<DaemonAddress> DaemonAddress::find(const ConnectOptions& options) {
  DaemonAddress out;
  if (!options.user.empty()) {
    auto user = user_of(options.user);
    if (!user.ok()) return std::move(user).error();
    out.user = *user;
  }
  out.path = options.socket;
  out.vouched = true;
  if (!out.path.empty()) return out;
  if (Status good = check_daemon_name(options.name); !good.ok()) return std::move(good).error();
  for (const RuntimePlace& place : out.user ? runtime_places_of(*out.user) : std::vector{runtime_place()}) {
    out.path = fmt::format("{}/{}.sock", place.folder, options.name);
    out.vouched = place.chosen;
    struct stat info{};
    if (::lstat(out.path.c_str(), &info) == 0 || errno == EACCES) return out;
  }
  return none_of(options);
}

Status DaemonAddress::check(uid_t listener) const {
  if (user) {
    if (listener == *user) return {};
    return Error{Code::permission_denied,
                 fmt::format("who listens at '{}' is uid {}, not uid {} as was asked for", path, listener, *user),
                 kWhere};
  }
  if (listener == 0 || listener == ::geteuid()) return {};
  if (vouched && voucher(path) == listener) return {};
  return Error{Code::permission_denied,
               fmt::format("who listens at '{}' is uid {}, neither you nor root, and others than that user could have "
                           "put a socket there: nothing was sent; if it is the daemon that you mean, name its user "
                           "(--user {}, ConnectOptions::user)",
                           path, listener, listener),
               kWhere};
}

}  // namespace chi::client
