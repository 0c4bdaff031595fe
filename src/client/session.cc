// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements session.h.
#include "client/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "client/thread_streams.h"

namespace chi::client {
namespace {

constexpr const char* kAdminName = "admin";

Error no_more_connecting() {
  return {Code::unavailable, "the connection has ended, and this client does not connect again; make a new one",
          "client"};
}

}  // namespace

Session::Session(ConnectOptions options, DaemonAddress address)
    : options_(std::move(options)), address_(std::move(address)), id_(SystemRandom().next() | 1) {
  live_id_ = id_;
  admin_ = pool(kAdminName);
}

std::shared_ptr<Session> Session::make(ConnectOptions options, DaemonAddress address) {
  return {new Session(std::move(options), std::move(address)), &dispose};
}

// What is inherited is kept as it is, and where it can be found.
void Session::dispose(Session* session) {
  static std::atomic<Session*> inherited{nullptr};
  if (!session->inherited()) {
    delete session;
  } else {
    session->next_inherited_ = inherited.exchange(session);
  }
}

Session::~Session() {
  for (auto& stream : streams_) {
    if (stream->close()) continue;
    [[maybe_unused]] const Stream* left = stream.release();  // its last Future deletes it
  }
}

void Session::start(std::shared_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  connection->serial = ++connections_;
  connection_ = std::move(connection);
}

Error Session::no_stream() const {
  if (inherited()) {
    return {Code::failed_precondition,
            "this client was made before a fork, and its connection is the parent's; connect again in the child",
            "client"};
  }
  return {Code::failed_precondition, "this thread is ending: make calls, and allocate, before", "client"};
}

Status Session::nothing_to_flush() const { return inherited() ? Status(no_stream()) : Status(); }

Stream* Session::bind_thread() {
  if (inherited()) return nullptr;
  Stream* bound = find_thread_stream(id_);
  if (!bound) {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      streams_.push_back(std::make_unique<Stream>(*this, static_cast<std::uint32_t>(streams_.size())));
      idle_.push_back(streams_.back().get());
    }
    bound = idle_.back();
    if (!add_thread_stream(id_, weak_from_this(), bound)) return nullptr;
    idle_.pop_back();
    bound->set_owner(this_thread());
  }
  thread_cache = {id_, bound};
  return bound;
}

void Session::return_stream(Stream* returned) {
  std::lock_guard lock(mutex_);
  returned->absorb();
  if (idle_.size() >= kMostIdle) returned->detach();
  returned->set_owner(nullptr);
  idle_.push_back(returned);
}

// Replies to threads that have ended give back the memory that their calls held.
void Session::drain_idle() {
  std::lock_guard lock(mutex_);
  for (Stream* each : idle_) each->absorb();
}

Result<std::shared_ptr<Connection>> Session::current(std::uint64_t deadline_ns) {
  std::lock_guard lock(mutex_);
  if (connection_ && connection_->check()) return connection_;
  if (address_.path.empty() || !options_.reconnect) return no_more_connecting();
  auto opened = Connection::connect(address_, deadline_ns);
  if (!opened) return opened;
  (*opened)->serial = ++connections_;
  connection_ = *opened;
  return opened;
}

Status Session::connect(Stream& to, std::uint64_t deadline_ns) {
  if (to.connection()) to.fail_all(Connection::lost());
  deadline_ns = std::min(deadline_ns, precise_now() + bounded_ns(options_.timeout));
  auto connection = current(deadline_ns);
  if (!connection) return std::move(connection).error();
  auto memory = (*connection)->open_stream(deadline_ns);
  if (!memory) return std::move(memory).error();
  to.attach(*std::move(connection), *std::move(memory));
  return {};
}

// Only its name is ever asked for.
PoolState* Session::inherited_pool(std::string name) {
  auto* state = new PoolState;
  state->name = std::move(name);
  state->next_inherited = inherited_pools_.exchange(state);
  return state;
}

PoolState* Session::pool(std::string name) {
  if (inherited()) return inherited_pool(std::move(name));
  std::lock_guard lock(mutex_);
  auto found = pools_.find(name);
  if (found == pools_.end()) {
    auto state = std::make_unique<PoolState>();
    state->name = name;
    found = pools_.emplace(std::move(name), std::move(state)).first;
  }
  return found->second.get();
}

const ResolvedPool* Session::remember(PoolState& state, const ResolvedPool& resolved) {
  std::lock_guard lock(mutex_);
  const ResolvedPool* last = state.history.empty() ? nullptr : state.history.back().get();
  if (!last || last->connection != resolved.connection || last->id != resolved.id) {
    state.history.push_back(std::make_unique<ResolvedPool>(resolved));
  }
  state.resolved.store(state.history.back().get(), std::memory_order_release);
  return state.history.back().get();
}

Result<admin::PoolInfo> Session::find(PoolState& state, std::chrono::nanoseconds limit) {
  auto found = Pool(shared_from_this(), admin_).with_deadline(limit).call<admin::PoolFind>(state.name).get();
  if (!found) return found;
  if (Stream* mine = stream(); mine && mine->live()) {
    const bool in_map = std::uint64_t{found->lane_base} + found->containers <= mine->connection()->lane_count();
    remember(state, {mine->connection()->serial, found->id, found->containers,
                     in_map ? found->lane_base : PoolState::kNoLanes});
  }
  return found;
}

OpenPool Session::open(PoolState& state, std::chrono::nanoseconds limit) {
  OpenPool out;
  auto fail = [&out](Error error) -> OpenPool {
    out.error = std::make_unique<Error>(std::move(error));
    return std::move(out);
  };
  out.stream = stream();
  out.pool = &state;
  if (!out.stream) [[unlikely]]
    return fail(no_stream());
  if (!out.stream->live()) [[unlikely]] {
    auto span = limit.count() > 0 ? limit : options_.call_deadline;
    auto connected = connect(*out.stream, precise_now() + bounded_ns(span));
    if (!connected) return fail(std::move(connected).error());
  }
  const ResolvedPool* resolved = state.resolved.load(std::memory_order_acquire);
  if (!resolved || resolved->connection != out.stream->connection()->serial) [[unlikely]] {
    if (&state == admin_) {
      resolved = remember(state, {out.stream->connection()->serial, kAdminPool, 1, PoolState::kNoLanes});
    } else {
      auto found = find(state, limit);
      if (!found) return fail(std::move(found).error());
      resolved = state.resolved.load(std::memory_order_acquire);
      if (!resolved || !out.stream->live() || resolved->connection != out.stream->connection()->serial) {
        return fail(Connection::lost());
      }
    }
  }
  out.id = resolved->id;
  out.containers = resolved->containers;
  out.lane_base = resolved->lane_base;
  return out;
}

Result<chi_buffer> Session::allocate(std::uint64_t size, std::chrono::nanoseconds wait) {
  Stream* mine = stream();
  if (!mine) return no_stream();
  std::uint64_t now = precise_now();
  const std::uint64_t give_up = now + bounded_ns(wait);
  if (!mine->live()) {
    auto connected = connect(*mine, now + bounded_ns(options_.timeout));
    if (!connected) return std::move(connected).error();
  }
  for (;;) {
    std::shared_ptr<Connection> connection = mine->connection();
    std::uint64_t returns = connection->memory().returns();
    auto buffer = connection->allocate(size, now + bounded_ns(options_.timeout));
    if (buffer || buffer.code() != Code::resource_exhausted) return buffer;
    drain_idle();
    mine->receive();
    bool changed = connection->memory().returns() != returns;
    if (!changed && now >= give_up) return buffer;
    // Other threads' calls end without a word to this one, so it looks every millisecond.
    constexpr std::uint64_t kStepNs = 1'000'000;
    if (!changed) {
      mine->wait_until([&] { return connection->memory().returns() != returns; }, std::min(now + kStepNs, give_up));
    }
    if (!mine->live()) return Connection::lost();
    now = precise_now();
  }
}

}  // namespace chi::client
