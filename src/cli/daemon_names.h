// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a daemon has a name for in the runtime folder besides its socket: the folder itself, the pid file, the log, and,
// where socket.path puts the socket elsewhere, a link by which its name leads there. Whatever of it somebody takes away
// is made anew. Belongs to one thread.
#pragma once

#include <chimaera/result.h>

#include <string>

#include "base/log.h"
#include "base/unique_fd.h"
#include "cli/daemon_lock.h"

namespace chi::cli {

class DaemonNames {
 public:
  // `link`: to be made, and to lead to `socket`; empty: none. All outlive it.
  DaemonNames(DaemonLock& lock, Logger& log, std::string link, std::string socket);
  // Takes the link away, unless it is another one's by now.
  ~DaemonNames();
  DaemonNames(const DaemonNames&) = delete;
  DaemonNames& operator=(const DaemonNames&) = delete;

  // The folder is held against whoever cleans up, and the link made.
  Status begin(bool in_runtime_dir);

  // To be called now and then.
  void look_after();

 private:
  bool leads_to_socket() const;
  Status make_link() const;

  DaemonLock& lock_;
  Logger& log_;
  const std::string link_;
  const std::string socket_;
  bool in_runtime_dir_ = false;
  UniqueFd folder_;
  bool lost_ = false;  // another daemon has the name
};

}  // namespace chi::cli
