// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Connections from their request to their end.
#include "metrics/scrape_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/system_call.h"
#include "metrics/families.h"

namespace chi::metrics {
namespace {

using Time = std::chrono::steady_clock;

constexpr unsigned kSocketMode = 0600;
constexpr std::chrono::milliseconds kNoFilesPause(100);
constexpr std::chrono::seconds kLookAfter(1);  // whether the socket still has its name

Error failed(const std::string& what) {
  const int error = errno;
  return {error == EADDRINUSE ? Code::already_exists : errno_code(error),
          fmt::format("{}: {}", what, errno_text(error)),
          {}};
}

}  // namespace

struct ScrapeServer::Connection {
  enum class State { reads, writes, ends };

  UniqueFd fd;
  Time::time_point until;
  State state = State::reads;
  bool ready = true;  // there may be something to do
  std::string in;
  std::string out;
  std::size_t sent = 0;
};

ScrapeServer::ScrapeServer(Options options, const prometheus::Collectable& source)
    : options_(std::move(options)), source_(source) {}

Result<std::unique_ptr<ScrapeServer>> ScrapeServer::start(Options options, const prometheus::Collectable& source) {
  std::unique_ptr<ScrapeServer> server(new ScrapeServer(std::move(options), source));
  server->stop_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!server->stop_) return call_error("eventfd", errno);
  if (auto listens = server->listen(); !listens.ok()) return std::move(listens).error();
  auto thread = start_thread([self = server.get()] { self->serve(); });
  if (!thread) return std::move(thread).error();
  server->thread_ = std::move(*thread);
  return server;
}

ScrapeServer::~ScrapeServer() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

Status ScrapeServer::listen() {
  if (!options_.address.is_path()) return listen_on_port();
  auto socket = ListenSocket::open({.path = options_.address.path, .mode = kSocketMode});
  if (!socket.ok()) return std::move(socket).error();
  unix_.emplace(std::move(*socket));
  return {};
}

Status ScrapeServer::listen_on_port() {
  Address& address = options_.address;
  port_.reset(::socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!port_) return failed("no socket to be had");
  const int on = 1;  // connections of a daemon that has just ended do not keep the port
  (void)::setsockopt(port_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(port_.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size) != 0 ||
      ::listen(port_.get(), SOMAXCONN) != 0) {
    return failed(fmt::format("cannot listen at {}", address.to_string()));
  }
  sockaddr_storage got{};
  socklen_t size = sizeof got;
  if (::getsockname(port_.get(), reinterpret_cast<sockaddr*>(&got), &size) != 0) return failed("no address to be had");
  address = address_of(got, size);
  return {};
}

void ScrapeServer::serve() {
  while (wait()) {
    for (auto it = connections_.begin(); it != connections_.end();) {
      const bool stays = (!it->ready || go_on(*it)) && (it->until > Time::now() || time_is_over(*it));
      it = stays ? std::next(it) : connections_.erase(it);
    }
    accept_all();
    look_after_socket();
  }
  connections_.clear();
}

// Until there is something to do; false: to end.
bool ScrapeServer::wait() {
  std::vector<pollfd> fds{{stop_.get(), POLLIN, 0}, {out_of_files_ ? -1 : listening(), POLLIN, 0}};
  auto until = out_of_files_ ? Time::now() + kNoFilesPause : Time::time_point::max();
  for (auto& each : connections_) {
    fds.push_back({each.fd.get(), static_cast<short>(each.state == Connection::State::writes ? POLLOUT : POLLIN), 0});
    until = std::min(until, each.until);
  }
  int timeout = -1;
  if (unix_) until = std::min(until, Time::now() + kLookAfter);
  if (until != Time::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Time::now());
    timeout = static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
  }
  if (::poll(fds.data(), fds.size(), timeout) < 0) {
    for (auto& each : fds) each.revents = 0;
  }
  out_of_files_ = false;
  std::size_t i = 2;
  for (auto& each : connections_) each.ready = fds[i++].revents != 0;
  return fds[0].revents == 0;
}

void ScrapeServer::look_after_socket() {
  if (!unix_ || Time::now() < next_look_) return;
  next_look_ = Time::now() + kLookAfter;
  const std::string said = keeper_.look_after(*unix_, options_.address.path);
  if (!said.empty() && options_.tell) options_.tell(said);
}

void ScrapeServer::accept_all() {
  for (std::size_t i = 0; i < kMaxConnections; ++i) {
    UniqueFd fd(::accept4(listening(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      out_of_files_ = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
      return;
    }
    if (connections_.size() == kMaxConnections) make_room();
    auto& made = connections_.emplace_back();
    made.fd = std::move(fd);
    made.until = Time::now() + options_.patience;
    if (!go_on(made)) connections_.pop_back();  // whoever asks as he comes is not pushed out
  }
}

// Whoever has been silent longest goes; who has asked, only where all have.
void ScrapeServer::make_room() {
  auto silent = std::find_if(connections_.begin(), connections_.end(),
                             [](const Connection& each) { return each.state != Connection::State::writes; });
  connections_.erase(silent == connections_.end() ? connections_.begin() : silent);
}

// False: it is over.
bool ScrapeServer::go_on(Connection& connection) {
  if (connection.state == Connection::State::writes) return write_some(connection);
  return read_some(connection);
}

bool ScrapeServer::read_some(Connection& connection) {
  char piece[4096];
  const ssize_t got = ::recv(connection.fd.get(), piece, sizeof piece, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  // After the answer: what still comes is read, or the kernel would have the peer forget the answer.
  if (connection.state == Connection::State::ends) return true;
  connection.in.append(piece, static_cast<std::size_t>(got));
  const auto verdict = judge(connection.in);
  if (!verdict) return true;
  answer(connection, *verdict);
  return write_some(connection);
}

void ScrapeServer::answer(Connection& connection, const Verdict& verdict) {
  const bool good = verdict.status == HttpStatus::ok;
  connection.out = good ? response(verdict, to_text(source_.Collect())) : response(verdict);
  connection.state = Connection::State::writes;
  connection.until = Time::now() + options_.patience;
}

bool ScrapeServer::write_some(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const ssize_t sent = ::send(connection.fd.get(), connection.out.data() + connection.sent,
                                connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    connection.sent += static_cast<std::size_t>(sent);
  }
  connection.state = Connection::State::ends;
  return ::shutdown(connection.fd.get(), SHUT_WR) == 0;
}

// Who has not asked in time is told so, once. False: it is over.
bool ScrapeServer::time_is_over(Connection& connection) {
  if (connection.state != Connection::State::reads) return false;
  answer(connection, {HttpStatus::request_timeout});
  return write_some(connection);
}

}  // namespace chi::metrics
