// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A program's connection to the daemon of its node: what callers need. (What modules need is chimaera/module.h.)
//
//   auto client = chi::Client::connect().value();
//   auto reply = client.pool("inventory").call<kv::Get>("apple").get();
//
// When the daemon dies, every call that waits ends with `unavailable` within a second, and whether it took effect is
// unknown; the next call connects again.
//
// A client belongs to the process that made it. In a fork's child all of it, Pools, Futures and Wakers included, is
// failed_precondition, and what it destroys stays the parent's: connect there again. The memory of its Buffers is
// shared with the parent all the same.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/domain.h>
#include <chimaera/pool.h>
#include <chimaera/result.h>
#include <chimaera/task.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace chi {

struct ConnectOptions {
  std::string name = "default";  // of the daemon
  std::string socket;            // path of its socket; empty: found by name, see operations.md
  std::chrono::nanoseconds timeout = std::chrono::seconds(5);         // of connecting, and of asking for memory
  std::chrono::nanoseconds call_deadline = std::chrono::seconds(30);  // of calls that set none
  std::chrono::nanoseconds spin = std::chrono::microseconds(200);     // longest spin before sleep; 0 on one core
  std::chrono::nanoseconds memory_wait{0};  // how long a call waits for arena space when the limit is reached
  bool reconnect = true;
  bool follow_pools = true;  // a pool that was destroyed, and made again under its name, is found; else it is not_found
  std::string user;          // name or number of the user whose daemon it is; empty: see operations.md
};

struct PoolOptions {
  std::string module;
  std::uint32_t containers = 1;
  std::uint32_t mode = 0600;
  bool if_absent = false;  // a pool of this name, module and number of containers will do
  Bytes config{};          // encoded fields of the module's Config; empty: its defaults
};

namespace client {

// The ready list and timers of the calling thread.
Scope thread_scope_of(Session& session);

// Runs what is ready and waits for what is to come until `done` is set. Fails with failed_precondition when nothing is
// left that could still set it.
Status drive(Session& session, const bool& done);

template <class T>
T no_result(const Error& error) {
  if constexpr (std::is_constructible_v<T, Error>) {
    return T(error);
  } else {
    throw BadResult(error);
  }
}

// Wakes the thread that asked for it; see Client::waker. Any thread may use it, also when the client has gone.
class Waker {
 public:
  Waker() = default;
  explicit Waker(std::weak_ptr<Session> session, Stream* stream) noexcept
      : session_(std::move(session)), stream_(stream) {}
  void wake() const noexcept;

 private:
  std::weak_ptr<Session> session_;
  Stream* stream_ = nullptr;
};

}  // namespace client

// A handle: copies name the same connection, which ends with the last of them and of the Pools made from it. Any
// thread may use it at any time; each gets a stream of its own, and calls of one thread wait for each other only where
// asked to. The last handle must not go while another thread is in a call.
class Client {
 public:
  // Fails with unavailable (no daemon), permission_denied, invalid_argument (a name or path that cannot be) or
  // resource_exhausted (descriptors, memory).
  static Result<Client> connect(const ConnectOptions& options = {});

  // Never fails: an unknown name is the first call's not_found.
  Pool pool(std::string name) const;
  Pool admin() const;

  // The names that a pool may have: pools[].name in docs/configuration.md.
  Result<Pool> create_pool(std::string name, const PoolOptions& options) const;
  Status destroy_pool(std::string name) const;

  // Memory that the daemon sees too, not zeroed: filled and passed to a call, it is not copied on the way. Fails with
  // resource_exhausted when the session's limit is reached, at once or after waiting so long for space.
  Result<Bytes> allocate(std::size_t size, std::chrono::nanoseconds wait = std::chrono::nanoseconds(0)) const;
  Result<Buffer> allocate_buffer(std::size_t size, std::chrono::nanoseconds wait = std::chrono::nanoseconds(0)) const;

  // Waits until every call that this thread submitted is complete, fire-and-forget ones included (periodic ones not).
  // Fails with deadline_exceeded when one did not end by its deadline, with unavailable when the daemon died.
  Status flush() const;

  // Handles the replies that have come for this thread, and runs what that makes ready; never blocks. Gives their
  // number. Not needed by who uses get(), wait_for() or run().
  std::size_t poll() const;

  // As poll(), but where nothing is ready it sleeps, while calls are under way that somebody awaits (a coroutine, or
  // Future::notify): until one is answered, until another thread's wake(), or for so long.
  std::size_t poll_for(std::chrono::nanoseconds limit) const;

  // Of the calling thread, for others: ends its poll_for(), the one under way or the next.
  client::Waker waker() const;

  // Runs a coroutine on this thread, and what it starts on the way, until it is done; gives its result. Pass the
  // function that makes the Task, so that it has timers and locks from its first line on. A coroutine that waits for
  // what can never come is failed_precondition: as its result where that is a Result, else thrown as BadResult.
  template <class F>
    requires std::invocable<F>
  auto run(F&& start) const {
    ScopeGuard guard(client::thread_scope_of(*session_));
    return run(std::forward<F>(start)());
  }
  template <class T>
  T run(Task<T> task) const {
    struct End : detail::Continuation {
      bool reached = false;
    } end;
    end.done = [](detail::Continuation* self) noexcept { static_cast<End*>(self)->reached = true; };
    if (!task.done()) {
      task.notify(end);
      Status driven = client::drive(*session_, end.reached);
      if (!driven.ok()) return client::no_result<T>(driven.error());
    }
    return task.take();
  }

  explicit Client(std::shared_ptr<client::Session> session) noexcept : session_(std::move(session)) {}  // internal

 private:
  std::shared_ptr<client::Session> session_;
};

}  // namespace chi
