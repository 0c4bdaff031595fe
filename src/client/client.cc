// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements chimaera/client.h.
#include <chimaera/client.h>

#include <ctime>

#include "client/daemon_address.h"
#include "client/session.h"

namespace chi {
namespace client {
namespace {

Client make_client(const ConnectOptions& options, DaemonAddress address, std::shared_ptr<Connection> connection) {
  auto session = Session::make(options, std::move(address));
  session->start(std::move(connection));
  return Client(std::move(session));
}

// For a thread that has timers but no connection.
void sleep_until(std::uint64_t at_ns) {
  std::uint64_t now = precise_now();
  if (at_ns <= now) return;
  timespec left{static_cast<std::time_t>((at_ns - now) / 1'000'000'000),
                static_cast<long>((at_ns - now) % 1'000'000'000)};
  ::nanosleep(&left, nullptr);
}

}  // namespace

Result<Client> connect_socket(UniqueFd socket, const ConnectOptions& options) {
  auto connection = Connection::open(std::move(socket), precise_now() + bounded_ns(options.timeout));
  if (!connection) return std::move(connection).error();
  return make_client(options, {}, *std::move(connection));
}

Scope thread_scope_of(Session& session) {
  Stream* stream = session.stream();
  return stream ? stream->loop().scope() : Scope();
}

Status drive(Session& session, const bool& done) {
  Stream* stream = session.stream();
  if (!stream) return session.no_stream();
  Loop& loop = stream->loop();
  while (!done) {
    stream->receive();
    if (loop.run()) continue;
    std::uint64_t next = loop.next_timer();
    if (next == kForever && !stream->awaited()) {
      return Error{Code::failed_precondition,
                   "the coroutine waits, but no call, timer or other coroutine is left that could wake it", "client"};
    }
    if (stream->live()) {
      stream->wait_until([&] { return loop.has_ready(); }, next);
    } else {
      stream->check();  // ends the calls of a daemon that has gone
      if (!loop.has_ready()) sleep_until(next);
    }
  }
  return {};
}

void Waker::wake() const noexcept {
  auto session = session_.lock();
  if (session && stream_) stream_->wake();
}

}  // namespace client

Result<Client> Client::connect(const ConnectOptions& options) {
  auto address = client::DaemonAddress::find(options);
  if (!address) return std::move(address).error();
  std::uint64_t deadline = client::precise_now() + client::bounded_ns(options.timeout);
  auto connection = client::Connection::connect(*address, deadline);
  if (!connection) return std::move(connection).error();
  return client::make_client(options, *std::move(address), *std::move(connection));
}

Pool Client::pool(std::string name) const { return Pool(session_, session_->pool(std::move(name))); }

Pool Client::admin() const { return Pool(session_, session_->admin()); }

Result<Pool> Client::create_pool(std::string name, const PoolOptions& options) const {
  admin::PoolCreate request;
  request.name = name;
  request.module = options.module;
  request.containers = options.containers;
  request.mode = options.mode;
  request.if_absent = options.if_absent;
  request.config = options.config;
  auto created = admin().send(request).get();
  if (!created) return std::move(created).error();
  return pool(std::move(name));
}

Status Client::destroy_pool(std::string name) const {
  auto destroyed = admin().call<admin::PoolDestroy>(std::move(name)).get();
  return destroyed ? Status() : Status(std::move(destroyed).error());
}

Result<Buffer> Client::allocate_buffer(std::size_t size, std::chrono::nanoseconds wait) const {
  auto raw = session_->allocate(size, wait);
  if (!raw) return std::move(raw).error();
  return Buffer::adopt(*raw);
}

Result<Bytes> Client::allocate(std::size_t size, std::chrono::nanoseconds wait) const {
  auto buffer = allocate_buffer(size, wait);
  if (!buffer) return std::move(buffer).error();
  return Bytes::from(*std::move(buffer));
}

Status Client::flush() const {
  client::Stream* stream = session_->stream();
  return stream ? stream->flush(nullptr) : session_->nothing_to_flush();
}

std::size_t Client::poll() const {
  client::Stream* stream = session_->stream();
  if (!stream) return 0;
  std::size_t count = stream->poll();
  stream->loop().run();
  return count;
}

std::size_t Client::poll_for(std::chrono::nanoseconds limit) const {
  client::Stream* stream = session_->stream();
  if (!stream) return 0;
  std::size_t count = stream->poll_for(limit);
  stream->loop().run();
  return count;
}

client::Waker Client::waker() const { return client::Waker(session_, session_->stream()); }

}  // namespace chi
