// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Gives the metrics of a source to whoever fetches them: one page, one thread, a few connections at a time, each with a
// deadline. Nothing is computed between fetches.
#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/listen_socket.h"
#include "base/unique_fd.h"
#include "metrics/address.h"
#include "metrics/http.h"

namespace chi::metrics {

class ScrapeServer {
 public:
  static constexpr std::size_t kMaxConnections = 16;

  struct Options {
    Address address;
    std::chrono::milliseconds patience{5000};      // for a request to come, and again for its answer to be taken
    std::function<void(const std::string&)> tell;  // of a socket that somebody took away; by the server's thread
  };

  // Listens, and begins. `source` is asked by the server's thread, for each page, and outlives the server. A Unix
  // socket has mode 0600; one that nobody serves any more is replaced. already_exists, permission_denied, unavailable:
  // the address is not to be had.
  static Result<std::unique_ptr<ScrapeServer>> start(Options options, const prometheus::Collectable& source);

  // Ends all connections, and the thread. Waits for the source while that is being asked.
  ~ScrapeServer();
  ScrapeServer(const ScrapeServer&) = delete;
  ScrapeServer& operator=(const ScrapeServer&) = delete;

  // What it listens at, with the port that it got. From any thread.
  const Address& address() const noexcept { return options_.address; }

 private:
  struct Connection;

  ScrapeServer(Options options, const prometheus::Collectable& source);
  Status listen();
  Status listen_on_port();
  int listening() const noexcept { return unix_ ? unix_->get() : port_.get(); }

  void serve();
  bool wait();
  void look_after_socket();
  void accept_all();
  void make_room();
  bool go_on(Connection& connection);
  bool read_some(Connection& connection);
  bool write_some(Connection& connection);
  bool time_is_over(Connection& connection);
  void answer(Connection& connection, const Verdict& verdict);

  Options options_;
  const prometheus::Collectable& source_;
  std::optional<ListenSocket> unix_;
  SocketKeeper keeper_;
  std::chrono::steady_clock::time_point next_look_;
  UniqueFd port_;
  UniqueFd stop_;
  bool out_of_files_ = false;
  std::list<Connection> connections_;  // the oldest first
  std::thread thread_;
};

}  // namespace chi::metrics
