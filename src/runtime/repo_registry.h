// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Module repos that are registered: for one user ($XDG_CONFIG_HOME/chimaera/module_repos, or below ~/.config) and for
// the whole system (/etc/chimaera/module_repos). Such a file has the absolute path of a repo on each line; what begins
// with '#' is ignored. Read anew at each call; changed by one process at a time. Immutable, usable from any thread.
//
// Its repos are code that the daemon will run: a file that anyone but root and the daemon's user could have written is
// refused.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <vector>

namespace chi::runtime {

enum class RepoScope : std::uint8_t { user, system };

class RepoRegistry {
 public:
  RepoRegistry() = default;  // nothing is registered, nor can be
  RepoRegistry(std::string user_file, std::string system_file)
      : user_file_(std::move(user_file)), system_file_(std::move(system_file)) {}

  // This process' user's, and the system's.
  static RepoRegistry of_this_user();

  const std::string& file(RepoScope scope) const noexcept {
    return scope == RepoScope::user ? user_file_ : system_file_;
  }

  // In the order of the file; none when there is no file. permission_denied: it is not to be trusted;
  // invalid_argument: a line of it is no absolute path.
  Result<std::vector<std::string>> list(RepoScope scope) const;

  // `repo` is an absolute path, made into the plainest form. The file, and its folder, is made if need be. Fails with
  // already_exists, or not_found.
  Status add(RepoScope scope, const std::string& repo) const;
  Status remove(RepoScope scope, const std::string& repo) const;

 private:
  template <class Change>
  Status change(RepoScope scope, Change&& how) const;

  std::string user_file_;
  std::string system_file_;
};

}  // namespace chi::runtime
