// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements server.h.
#include "nbd/server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/system_call.h"

namespace chi::nbd {
namespace {

constexpr std::chrono::seconds kConnectPatience(2);
constexpr std::chrono::seconds kDrainLimit(10);        // for clients that do not read, at the end
constexpr std::chrono::milliseconds kPause(100);       // before the next try, where there are no descriptors
constexpr std::chrono::milliseconds kLookAfter(1000);  // whether the socket still has its name
constexpr std::size_t kMostLeaving = 8;                // connections on their way out; beyond them nobody is told why

Export describe(const ServerOptions& options, Identity identity) {
  Export out;
  out.daemon = options.daemon;
  out.daemon.timeout = kConnectPatience;
  out.pool = options.pool;
  out.offer.name = options.pool;
  out.offer.description = "a pool of block devices of Chimaera";
  out.offer.size = identity.size;
  out.offer.flags = kHasFlags | kSendFlush | kSendFua | kSendTrim | kSendWriteZeroes | kCanMultiConn;
  if (options.read_only) out.offer.flags = kHasFlags | kReadOnly | kSendFlush | kSendFua | kCanMultiConn;
  out.identity = std::move(identity);
  return out;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const ServerOptions& options, Notes& notes) {
  auto device = Device::open(options.daemon, options.pool);
  if (!device.ok()) return std::move(device).error();
  auto socket = ListenSocket::open({.path = options.socket, .mode = options.mode});
  if (!socket.ok()) return std::move(socket).error();
  std::unique_ptr<Server> out(new Server(describe(options, device->identity()), options.socket, *std::move(socket),
                                         options.max_connections, notes));
  out->wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!out->wake_) return call_error("eventfd", errno);
  return out;
}

void Server::stop() {
  stop_.store(true);
  wake();
}

void Server::wake() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void Server::run() {
  bool accepting = true;
  while (!stop_.load()) {
    const bool waiting = wait(accepting);
    reap();
    accepting = true;
    while (waiting && !stop_.load() && accept_one()) {
    }
    if (waiting && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
      notes_.tell("cannot accept connections: " + errno_text(errno));
      accepting = false;
    }
    look_after_socket();
  }
  socket_.remove();
  end_connections();
}

void Server::look_after_socket() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + kLookAfter;
  if (const std::string said = keeper_.look_after(socket_, path_); !said.empty()) notes_.tell(said);
}

// Until there are connections to accept (true), or something else to do.
bool Server::wait(bool accepting) {
  std::array<pollfd, 2> fds{{{wake_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
  const int limit = static_cast<int>((accepting ? kLookAfter : kPause).count());
  if (::poll(fds.data(), accepting ? 2 : 1, limit) < 0) return false;
  std::uint64_t ignored = 0;
  if (fds[0].revents) (void)!::read(wake_.get(), &ignored, sizeof ignored);
  return fds[1].revents != 0;
}

bool Server::accept_one() {
  UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) return errno == EINTR || errno == ECONNABORTED;
  add(std::move(socket));
  return true;
}

void Server::add(UniqueFd socket) {
  reap();
  std::string refusal;
  if (connections_.size() >= max_connections_ && !make_room()) {
    refusal = fmt::format("{} clients are connected, which is the limit (--connections)", max_connections_);
    notes_.tell("a client is refused: " + refusal);
    if (leaving_.size() >= kMostLeaving) return;
  }
  std::list<Connection>& where = refusal.empty() ? connections_ : leaving_;
  try {
    where.emplace_back(export_, std::move(refusal), std::move(socket), notes_, [this] { wake(); });
  } catch (const std::system_error& failure) {
    notes_.tell("a client is refused: " + call_error("clone", failure.code().value()).text);
  }
}

// Of those that have not asked for the export yet, whoever has been here longest goes: silence keeps no place from one
// who talks. False: each has the export, or too many are on their way out.
bool Server::make_room() {
  const auto silent =
      std::find_if(connections_.begin(), connections_.end(), [](const Connection& each) { return !each.serves(); });
  if (silent == connections_.end() || leaving_.size() >= kMostLeaving) return false;
  silent->cut();
  leaving_.splice(leaving_.end(), connections_, silent);
  return true;
}

void Server::reap() {
  for (auto* each : {&connections_, &leaving_}) each->remove_if([](const Connection& one) { return one.ended(); });
}

void Server::end_connections() {
  const auto until = std::chrono::steady_clock::now() + kDrainLimit;
  leaving_.splice(leaving_.end(), connections_);
  for (const Connection& each : leaving_) each.stop();
  for (reap(); !leaving_.empty(); reap()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    pollfd wait{wake_.get(), POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(left.count()));
    std::uint64_t ignored = 0;
    (void)!::read(wake_.get(), &ignored, sizeof ignored);
  }
  for (const Connection& each : leaving_) each.cut();
  leaving_.clear();
}

}  // namespace chi::nbd
