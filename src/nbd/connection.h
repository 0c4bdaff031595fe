// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One client of an export, from its greeting to its end, on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "nbd/notes.h"
#include "nbd/socket_reader.h"
#include "nbd/transmission.h"

namespace chi::nbd {

class Connection {
 public:
  // `exported` and `notes` outlive it. `refusal`, where there is one, is all that the client gets. `ended` is called
  // once, by the connection's thread, as the last thing it does. Throws std::system_error when there is no thread.
  Connection(const Export& exported, std::string refusal, UniqueFd socket, Notes& notes, std::function<void()> ended);
  ~Connection();  // waits for its thread
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Whether the client has the export by now. Any thread.
  bool serves() const noexcept { return serves_.load(std::memory_order_acquire); }

  // Any thread.
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  // Takes no more requests, answers those that there are, and ends.
  void stop() const noexcept;
  // Answers no more, either.
  void cut() const noexcept;

 private:
  void run();
  bool shake_hands(SocketReader& reader);
  void serve(SocketReader& reader);
  bool take_data(Transmission& transmission, SocketReader& reader, Order& order) const;

  const Export& export_;
  const Offer offer_;
  const UniqueFd socket_;
  Notes& notes_;
  const std::function<void()> tell_end_;
  std::atomic<bool> serves_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;  // last: it uses all of the others
};

}  // namespace chi::nbd
