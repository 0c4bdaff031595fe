// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The Unix socket, and the sessions of the clients that came through it: who may connect, the memory they are given,
// and the notice that one has gone. One thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/listen_socket.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "chimaera/admin.h"
#include "runtime/crew.h"
#include "runtime/lane_map.h"
#include "runtime/session.h"
#include "shm/packet.h"

namespace chi::runtime {

struct ListenerOptions {
  std::string socket_path;  // empty: none, only connect() makes sessions
  std::uint32_t socket_mode = 0600;
  std::string socket_group;
  std::vector<std::uint32_t> allow_uids;
  std::uint32_t max_sessions = 1024;
  std::uint32_t max_streams = 256;
  std::uint64_t memory_limit = std::uint64_t{1} << 30;
  std::uint64_t incarnation = 0;
};

class Listener {
 public:
  Listener(ListenerOptions options, Crew& crew, LaneMapPublisher& lanes, Logger& log);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds the socket (one that a dead daemon left is replaced) and begins; when somebody takes its name away, it is
  // made anew.
  Status start();
  // Ends all sessions, removes the socket, joins the thread.
  void stop();

  // The client's end of a new session in this process.
  Result<UniqueFd> connect();

  // Has workers that have just been made serve what sessions and streams there are, as those that come find them.
  void serve_with_all();

  std::vector<admin::SessionInfo> sessions() const;

 private:
  struct Guest;
  struct Served;
  using GuestPointer = std::shared_ptr<Guest>;

  Status bind_socket();
  void look_after_socket();
  void serve();
  int wait();
  void accept_all();
  void add_guest(UniqueFd socket);
  bool serve_guest(const GuestPointer& guest);
  Status welcome(const GuestPointer& guest);
  Status answer(const GuestPointer& guest, const shm::Record& question);
  Status open_stream(const GuestPointer& guest);
  Status close_stream(const GuestPointer& guest, SessionId id);
  Status add_arena(const GuestPointer& guest, std::uint64_t size);
  void farewell(const GuestPointer& guest);
  Status admit(const Credentials& who) const;
  void dismiss(const Guest& guest, const Error& error);
  void make_room();
  std::size_t silent() const;
  void serve_with_all(const GuestPointer& guest);  // under the mutex

  const ListenerOptions options_;
  Crew& crew_;
  LaneMapPublisher& lanes_;
  Logger& log_;
  ListenSocket socket_;
  SocketKeeper keeper_;
  std::uint64_t next_look_ms_ = 0;
  UniqueFd wake_;
  std::uint32_t group_ = ~0u;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;  // of guests_ and arrivals_
  std::vector<GuestPointer> guests_;
  std::vector<UniqueFd> arrivals_;
  std::uint64_t next_id_;
  bool cannot_accept_ = false;
  std::uint64_t next_complaint_ms_ = 0;  // of the same kind without a pause, one is enough
  std::thread thread_;
};

}  // namespace chi::runtime
