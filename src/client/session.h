// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a Client is a handle of: the connection there is now, each thread's stream, and what is known of pools. Usable
// from any thread.
#pragma once

#include <chimaera/client.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/process_words.h"
#include "client/connection.h"
#include "client/daemon_address.h"
#include "client/stream.h"

namespace chi::client {

// What a name stood for on a connection. Immutable.
struct ResolvedPool {
  std::uint64_t connection;  // its serial number
  PoolId id;
  std::uint32_t containers;
  std::uint32_t lane_base;
};

// A name that somebody has asked for; lives as long as its session.
struct PoolState {
  static constexpr std::uint32_t kNoLanes = 0xffffffffU;

  std::string name;
  std::atomic<const ResolvedPool*> resolved{nullptr};
  void forget() noexcept { resolved.store(nullptr, std::memory_order_release); }
  PoolState* next_inherited = nullptr;
  std::vector<std::unique_ptr<const ResolvedPool>>
      history;  // under the session's mutex: threads may still look at them
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `address`: to connect again; without a path: never.
  static std::shared_ptr<Session> make(ConnectOptions options, DaemonAddress address);

  // Before first use: the first connection.
  void start(std::shared_ptr<Connection> connection);

  // Whether this is a fork's child of the process that made it. Then all of it is the parent's, mutexes that another
  // thread held included: it is neither used nor destroyed.
  bool inherited() const noexcept { return live_id_.load(std::memory_order_relaxed) == 0; }

  const ConnectOptions& options() const noexcept { return options_; }

  // The calling thread's stream, connected or not. Null at the very end of a thread, and in a fork's child: there the
  // id is 0, which no stream in a cache is of.
  Stream* stream() {
    if (thread_cache.session == live_id_.load(std::memory_order_relaxed)) return thread_cache.stream;
    return bind_thread();
  }
  // Why there is no stream.
  Error no_stream() const;
  // Of a thread without one.
  Status nothing_to_flush() const;
  // A thread has ended: its stream waits for another one.
  void return_stream(Stream* returned);

  // Gives the stream a connection that lives.
  Status connect(Stream& to, std::uint64_t deadline_ns);

  PoolState* pool(std::string name);
  PoolState* admin() noexcept { return admin_; }
  OpenPool open(PoolState& state, std::chrono::nanoseconds limit);
  // Asks the admin pool for it, and remembers the answer.
  Result<admin::PoolInfo> find(PoolState& state, std::chrono::nanoseconds limit);

  Result<chi_buffer> allocate(std::uint64_t size, std::chrono::nanoseconds wait);

 private:
  static constexpr std::size_t kMostIdle = 8;  // streams that keep their rings for threads to come

  Session(ConnectOptions options, DaemonAddress address);
  ~Session();
  static void dispose(Session* session);
  PoolState* inherited_pool(std::string name);

  Stream* bind_thread();
  Result<std::shared_ptr<Connection>> current(std::uint64_t deadline_ns);
  const ResolvedPool* remember(PoolState& state, const ResolvedPool& resolved);
  void drain_idle();

  const ConnectOptions options_;
  const DaemonAddress address_;
  const std::uint64_t id_;  // random, never 0
  const ProcessWords words_;
  ProcessWords::Word& live_id_ = words_[0];  // the same, where this process made it

  std::mutex mutex_;
  std::shared_ptr<Connection> connection_;
  std::uint64_t connections_ = 0;  // so far
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> idle_;
  std::map<std::string, std::unique_ptr<PoolState>, std::less<>> pools_;

  PoolState* admin_ = nullptr;  // one of pools_

  std::atomic<PoolState*> inherited_pools_{nullptr};
  Session* next_inherited_ = nullptr;
};

// A client on a socket that is connected already, such as one end of a socketpair; it cannot connect again.
Result<Client> connect_socket(UniqueFd socket, const ConnectOptions& options);

}  // namespace chi::client
