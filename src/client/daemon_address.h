// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where a daemon is looked for, and who is taken for it. A name in a folder may be anybody's by the time it is
// connected to: a stopped daemon's socket leaves a place for the next one. Usable from any thread.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>
#include <sys/types.h>

#include <optional>
#include <string>

namespace chi::client {

struct DaemonAddress {
  std::string path;           // of the socket
  std::optional<uid_t> user;  // whose daemon it has to be, when somebody said so
  bool vouched = false;       // the folder may speak for its owner; else only root's and this user's count

  // From the name or the socket, and the user. Fails with unavailable (no daemon of that name), invalid_argument, or
  // not_found (no such user).
  static Result<DaemonAddress> find(const ConnectOptions& options);

  // Whether a process of this user, which listens at the path, is the daemon that was meant: the named user's; else
  // this user's, root's, or the one's who alone can put a socket into that folder. permission_denied says what to do.
  Status check(uid_t listener) const;
};

}  // namespace chi::client
