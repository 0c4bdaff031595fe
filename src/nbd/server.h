// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pool of block devices on a Unix socket, in the NBD protocol: for programs that know nothing of Chimaera. See
// docs/design/0006.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "base/listen_socket.h"
#include "base/unique_fd.h"
#include "nbd/connection.h"
#include "nbd/notes.h"

namespace chi::nbd {

struct ServerOptions {
  ConnectOptions daemon;
  std::string pool;
  std::string socket;  // path
  unsigned mode = 0600;
  bool read_only = false;
  std::uint32_t max_connections = 32;
};

class Server {
 public:
  // Asks the daemon for the pool, and makes the socket. `notes` outlives it.
  static Result<std::unique_ptr<Server>> open(const ServerOptions& options, Notes& notes);

  const Offer& offer() const noexcept { return export_.offer; }
  std::uint32_t block_size() const noexcept { return export_.identity.block_size; }

  // Serves until stop(); then every request that has come is answered, unless its client does not read, and the socket
  // is removed. One thread, once.
  void run();

  // Any thread, at any time.
  void stop();

 private:
  Server(Export exported, std::string path, ListenSocket socket, std::uint32_t max_connections, Notes& notes)
      : export_(std::move(exported)),
        path_(std::move(path)),
        socket_(std::move(socket)),
        max_connections_(max_connections),
        notes_(notes) {}

  bool wait(bool accepting);
  bool accept_one();
  void add(UniqueFd socket);
  bool make_room();
  void reap();
  void end_connections();
  void look_after_socket();
  void wake() noexcept;

  const Export export_;
  const std::string path_;
  ListenSocket socket_;
  SocketKeeper keeper_;
  std::chrono::steady_clock::time_point next_look_;
  const std::uint32_t max_connections_;
  Notes& notes_;
  UniqueFd wake_;  // an eventfd
  std::atomic<bool> stop_{false};
  std::list<Connection> connections_;  // the oldest first
  std::list<Connection> leaving_;      // those that were refused or pushed out, until their threads have ended
};

}  // namespace chi::nbd
