// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A Unix socket of the file system that others connect to. Only what is certain to be left over is replaced, only what
// is our own is removed, and a name that somebody took away is made anew. Belongs to one thread.
#pragma once

#include <chimaera/result.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

namespace chi {

struct ListenPlan {
  std::string path;
  unsigned mode = 0600;
  int type = SOCK_STREAM;
  gid_t group = static_cast<gid_t>(-1);  // -1: as the process'
  int backlog = SOMAXCONN;
  bool replaces_link = false;  // a symbolic link of this user's own at the path: a daemon's (cli/daemon_names.h)
};

class ListenSocket {
 public:
  ListenSocket() = default;  // none

  // Makes it; accepting does not block. already_exists: somebody serves there, or it is no socket; permission_denied:
  // it is another user's.
  static Result<ListenSocket> open(ListenPlan plan);

  ListenSocket(ListenSocket&& other) noexcept = default;
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ~ListenSocket() { remove(); }

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  int get() const noexcept { return fd_.get(); }

  // Whether the name is still this socket's.
  bool is_named() const noexcept;

  // For a name that is no longer this socket's: another socket in its place, whose descriptor is a new one. Connections
  // that nobody has accepted before are lost. Fails as open does, and leaves the old one.
  Status make_anew();

  // Closes it, and takes its name away, unless the name has become that of something else.
  void remove() noexcept;

 private:
  ListenPlan plan_;
  UniqueFd fd_;
  UniqueFd folder_;  // that the name is in
  UniqueFd inode_;   // what the name stands for: held, so that nothing else can be taken for it
};

// Says what became of names, once for each change: for whoever looks after a socket from time to time.
class SocketKeeper {
 public:
  // A line for the log, when there is something to say. `socket` is looked at, and made anew where need be.
  std::string look_after(ListenSocket& socket, const std::string& path);

 private:
  bool lost_ = false;
};

}  // namespace chi
