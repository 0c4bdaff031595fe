// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The second half of an NBD connection: requests become calls of the pool, many at a time, and are answered in the
// order in which they end. Two threads: the connection's own reads the socket and gives orders; the one here owns the
// session with the daemon, so all Futures, and writes the replies. Neither runs where there is nothing to do.
//
// When the daemon or the pool goes, a request that was under way is tried once more, on a new session: block requests
// may be done twice as long as nobody was told that they were done once. What is not back by then is answered with EIO.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/client.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "nbd/device.h"
#include "nbd/notes.h"
#include "nbd/wire.h"

namespace chi::nbd {

// What all connections of an export have in common. Immutable.
struct Export {
  ConnectOptions daemon;
  std::string pool;
  Identity identity;
  Offer offer;
};

// A request with its memory, which is of the session of that number.
struct Order {
  Request request;
  Buffer memory{};
  std::uint32_t session = 0;
  Failure failure = kOk;  // not kOk: it is only to be answered
  bool again = false;     // it was tried before

  std::uint64_t bytes() const noexcept { return failure == kOk ? request.transfer() : 0; }
};

class Transmission {
 public:
  // Of one connection: what one request may have is there twice.
  static constexpr std::uint32_t kMostRequests = 128;
  static constexpr std::uint64_t kMostBytes = 2ULL * kMaxPayload;

  // All of them outlive it. Starts the thread; throws std::system_error when there is none.
  Transmission(const Export& exported, int socket, Notes& notes);
  ~Transmission();  // after finish()
  Transmission(const Transmission&) = delete;
  Transmission& operator=(const Transmission&) = delete;

  // For the thread that reads.

  // Waits until this one may be under way, too. False: the client does not read any more.
  bool admit(const Order& order);
  // Memory for a write's data: of the process, where the session has none to give.
  void give_memory(Order& order);
  void submit(Order order);
  // Waits until all is answered. There are no more requests.
  void finish();

 private:
  struct Reply {
    std::uint8_t header[kReplySize];
    Buffer data;
    std::uint64_t bytes;  // that were admitted for it
  };

  void run();
  bool next();
  void prepare_session();
  void open_session();
  void close_session();
  void start_all();
  Status move_to_session(Order& order);
  bool start(Order order);
  Task<void> serve(Order order);
  Task<Status> perform(const Order& order);
  Task<Status> make_zero(const Request& request);
  Task<Status> flush();
  void settle(Order order, const Status& done);
  void answer(const Order& order, Failure failure);
  void send_replies();
  bool send(std::size_t first, std::size_t count) const;
  void give_up();

  const Export& export_;
  const int socket_;
  Notes& notes_;

  std::mutex mutex_;
  std::condition_variable orders_there_;
  std::condition_variable room_there_;
  std::vector<Order> orders_;
  std::uint32_t requests_ = 0;  // admitted, not answered
  std::uint64_t bytes_ = 0;
  bool idle_ = false;  // the thread waits for orders_there_
  bool finished_ = false;
  bool broken_ = false;  // replies have nowhere to go
  client::Waker waker_;
  std::optional<Client> client_;  // of the session, for memory
  std::uint32_t session_ = 0;     // its number

  // The thread's own.
  std::optional<Device> device_;
  bool lost_ = false;          // the session; until nothing is under way in it
  std::uint32_t active_ = 0;   // calls under way
  std::deque<Order> waiting_;  // to be started
  std::vector<Reply> replies_;

  std::thread thread_;  // last: it uses all of the others
};

}  // namespace chi::nbd
