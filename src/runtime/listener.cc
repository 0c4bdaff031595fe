// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Sessions from their first packet to their last.
#include "runtime/listener.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/clock.h"
#include "base/system_call.h"
#include "base/text.h"
#include "runtime/places.h"

namespace chi::runtime {
namespace {

constexpr int kHelloMs = 2000;          // a connection that says nothing is closed after this
constexpr int kPacketsInARow = 16;      // of one client, before others have their turn
constexpr int kAcceptsInARow = 64;      // before those who are in have theirs
constexpr int kBacklog = 1024;          // the kernel's own limit (net.core.somaxconn) may be lower
constexpr std::size_t kMaxSilent = 64;  // of those at a time
constexpr int kLookAfterMs = 1000;      // whether the socket still has its name
constexpr std::uint64_t kComplainAfterMs = 1'000;

Error system_error(const std::string& what) {
  int error = errno;
  Code code = error == EACCES || error == EPERM                                          ? Code::permission_denied
              : error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSPC ? Code::resource_exhausted
                                                                                         : Code::unavailable;
  return {code, what + ": " + std::strerror(error), kListener};
}

// By name, or else by number; none: the process'.
Result<gid_t> find_group(const std::string& text) {
  if (text.empty()) return static_cast<gid_t>(-1);
  if (const group* found = ::getgrnam(text.c_str())) return found->gr_gid;
  const auto number = parse_number(text);
  if (number && *number < 0xffffffffU) return static_cast<gid_t>(*number);
  return Error{Code::invalid_argument, "socket.group: no group '" + text + "' here", kListener};
}

// The supplementary groups of whoever connected, as they were then.
std::vector<std::uint32_t> groups_of_peer(int socket) {
  std::vector<std::uint32_t> out(64);
  for (;;) {
    auto size = static_cast<socklen_t>(out.size() * sizeof(std::uint32_t));
    const bool there = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, out.data(), &size) == 0;
    const bool longer = !there && errno == ERANGE && size / sizeof(std::uint32_t) > out.size();
    out.resize(there || longer ? size / sizeof(std::uint32_t) : 0);
    if (!longer) return out;
  }
}

std::uint64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

shm::Record record_of(shm::Packet packet) {
  shm::Record record;
  record.packet = static_cast<std::uint32_t>(packet);
  return record;
}

}  // namespace

// A stream, and the number of workers that have its channels: all there were when somebody last looked.
struct Listener::Served {
  std::shared_ptr<ClientStream> stream;
  std::uint32_t workers = 0;
};

// A connection; a session once it was welcomed.
struct Listener::Guest {
  UniqueFd socket;  // until the session has it
  int fd = -1;
  Credentials who;
  std::uint64_t came_ms = 0;
  std::shared_ptr<Session> session;
  std::vector<UniqueFd> wakes;   // an eventfd for each worker that there can be
  std::uint32_t watched_by = 0;  // so many workers
  std::vector<Served> streams;
};

Listener::Listener(ListenerOptions options, Crew& crew, LaneMapPublisher& lanes, Logger& log)
    : options_(std::move(options)), crew_(crew), lanes_(lanes), log_(log), next_id_(options_.incarnation << 20) {}

Listener::~Listener() { stop(); }

Status Listener::start() {
  wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return call_error("eventfd", errno, kListener);
  if (!options_.socket_path.empty()) {
    if (auto bound = bind_socket(); !bound) return bound;
  }
  auto thread = start_thread([this] { serve(); }, kListener);
  if (!thread) return std::move(thread).error();
  thread_ = std::move(*thread);
  return {};
}

Status Listener::bind_socket() {
  auto group = find_group(options_.socket_group);
  if (!group) return std::move(group).error();
  group_ = *group;
  auto made = ListenSocket::open({.path = options_.socket_path,
                                  .mode = options_.socket_mode,
                                  .type = SOCK_SEQPACKET,
                                  .group = group_,
                                  .backlog = kBacklog,
                                  .replaces_link = true});
  if (!made) return Error{made.code(), made.error().text + " (socket.path)", kListener};
  socket_ = *std::move(made);
  return {};
}

// The name may be taken away by whoever cleans up: clients find the daemon again soon.
void Listener::look_after_socket() {
  if (!socket_ || now_ms() < next_look_ms_) return;
  next_look_ms_ = now_ms() + kLookAfterMs;
  if (const std::string said = keeper_.look_after(socket_, options_.socket_path); !said.empty()) {
    log_.warning("{}", said);
  }
}

void Listener::stop() {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_release);
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
  socket_.remove();
}

Result<UniqueFd> Listener::connect() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return system_error("no socket to be had");
  UniqueFd client(ends[0]);
  {
    std::lock_guard lock(mutex_);
    arrivals_.emplace_back(ends[1]);
  }
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
  return client;
}

int Listener::wait() {
  std::vector<pollfd> fds;
  fds.push_back({wake_.get(), POLLIN, 0});
  int timeout = socket_ ? kLookAfterMs : -1;
  if (socket_ && !cannot_accept_) fds.push_back({socket_.get(), POLLIN, 0});
  if (cannot_accept_) timeout = 100;
  for (auto& guest : guests_) {
    fds.push_back({guest->fd, POLLIN, 0});
    if (!guest->session && timeout < 0) timeout = kHelloMs;
  }
  ::poll(fds.data(), fds.size(), timeout);
  cannot_accept_ = false;
  std::vector<GuestPointer> gone;
  for (std::size_t i = fds.size() - guests_.size(), at = 0; i < fds.size(); ++i, ++at) {
    GuestPointer& guest = guests_[at];
    if (fds[i].revents != 0 && !serve_guest(guest)) {
      gone.push_back(guest);
    } else if (!guest->session && now_ms() - guest->came_ms > static_cast<std::uint64_t>(kHelloMs)) {
      dismiss(*guest, {Code::deadline_exceeded, "the client said nothing after it had connected", kListener});
      gone.push_back(guest);
    }
  }
  for (auto& guest : gone) farewell(guest);
  return fds[0].revents;
}

void Listener::serve() {
  while (!stop_.load(std::memory_order_acquire)) {
    if (wait() != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] ssize_t ignored = ::read(wake_.get(), &count, sizeof count);
    }
    accept_all();
    look_after_socket();
  }
  while (!guests_.empty()) farewell(GuestPointer(guests_.back()));
}

void Listener::accept_all() {
  std::vector<UniqueFd> arrivals;
  {
    std::lock_guard lock(mutex_);
    arrivals.swap(arrivals_);
  }
  for (UniqueFd& fd : arrivals) add_guest(std::move(fd));
  for (int i = 0; socket_ && i < kAcceptsInARow; ++i) {
    UniqueFd fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) {
      const bool none_waits = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
      if (!none_waits) {
        const Error error = call_error("accept", errno);
        if (now_ms() >= next_complaint_ms_) log_.warning("a client cannot be accepted: {}", error.text);
        next_complaint_ms_ = now_ms() + kComplainAfterMs;
        cannot_accept_ = true;
      }
      return;
    }
    add_guest(std::move(fd));
  }
}

void Listener::add_guest(UniqueFd socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return log_.warning("a client is turned away: {}", call_error("getsockopt(SO_PEERCRED)", errno).text);
  }
  auto guest = std::make_shared<Guest>();
  guest->fd = socket.get();
  guest->socket = std::move(socket);
  guest->who = {static_cast<std::uint32_t>(peer.pid), peer.uid, peer.gid, groups_of_peer(guest->fd)};
  guest->came_ms = now_ms();
  if (auto admitted = admit(guest->who); !admitted) return dismiss(*guest, admitted.error());
  {
    std::lock_guard lock(mutex_);
    guests_.push_back(guest);
  }
  // Most have said hello by now. Who waited to be accepted was not silent.
  if (!serve_guest(guest)) return farewell(guest);
  if (silent() > kMaxSilent) make_room();
}

std::size_t Listener::silent() const {
  return static_cast<std::size_t>(
      std::count_if(guests_.begin(), guests_.end(), [](auto& guest) { return !guest->session; }));
}

// Whoever has been silent longest goes; after a look whether some of them have spoken meanwhile, or have gone.
void Listener::make_room() {
  std::vector<GuestPointer> silent_ones;
  for (auto& guest : guests_) {
    if (!guest->session) silent_ones.push_back(guest);
  }
  for (auto& guest : silent_ones) {
    if (!serve_guest(guest)) farewell(guest);
  }
  if (silent() <= kMaxSilent) return;
  const GuestPointer longest =
      *std::find_if(guests_.begin(), guests_.end(), [](auto& guest) { return !guest->session; });
  dismiss(*longest, {Code::resource_exhausted,
                     "more connect at a time than say hello: this one has been silent longest; try again", kListener});
  farewell(longest);
}

Status Listener::admit(const Credentials& who) const {
  if (who.uid == 0 || who.uid == ::geteuid()) return {};
  const std::uint32_t group = group_ == ~0u ? ::getegid() : group_;
  const bool in_group = who.gid == group || std::find(who.groups.begin(), who.groups.end(), group) != who.groups.end();
  const bool allowed =
      options_.allow_uids.empty()
          ? options_.socket_mode & 0006 || (options_.socket_mode & 0060 && in_group)
          : std::find(options_.allow_uids.begin(), options_.allow_uids.end(), who.uid) != options_.allow_uids.end();
  if (allowed) return {};
  return Error{
      Code::permission_denied,
      "this daemon does not serve uid " + std::to_string(who.uid) + "; its owner may add it to session.allow_uids",
      kListener};
}

// The guest's last word from here. A connection that is closed while something of the guest's waits to be read is
// reset, and the reason lost with it: so it can send no more, and what it has sent is taken.
void Listener::dismiss(const Guest& guest, const Error& error) {
  shm::Record record = record_of(shm::Packet::welcome);
  record.code = static_cast<std::uint32_t>(error.code);
  shm::set_text(record, error.text);
  (void)shm::send_packet(guest.fd, record, {}, 0);
  ::shutdown(guest.fd, SHUT_RD);
  char dropped = 0;
  while (::recv(guest.fd, &dropped, sizeof dropped, MSG_DONTWAIT) > 0) {
  }
}

// False when the guest has gone, or has to.
bool Listener::serve_guest(const GuestPointer& guest) {
  for (int i = 0; i < kPacketsInARow; ++i) {
    auto packet = shm::receive_packet(guest->fd, 0, 0);
    if (!packet) {
      if (packet.code() == Code::deadline_exceeded) return true;
      if (packet.code() != Code::unavailable) dismiss(*guest, packet.error());
      return false;
    }
    Status served = guest->session ? answer(guest, packet->record)
                    : packet->record.packet == static_cast<std::uint32_t>(shm::Packet::hello)
                        ? welcome(guest)
                        : Status(Code::invalid_argument, "");
    if (!served) return false;
  }
  return true;
}

Status Listener::welcome(const GuestPointer& guest) {
  if (guests_.size() - silent() >= options_.max_sessions) {
    Error error{Code::resource_exhausted,
                "the daemon has as many sessions as session.max_sessions lets in; try again, or raise it", kListener};
    dismiss(*guest, error);
    return error;
  }
  std::vector<int> fds{lanes_.fd()};
  for (std::uint32_t i = 0; i < crew_.limit(); ++i) {
    guest->wakes.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!guest->wakes.back()) {
      Error error = call_error("the daemon's eventfd for the session", errno, kListener);
      dismiss(*guest, error);
      return error;
    }
    fds.push_back(guest->wakes.back().get());
  }
  shm::Record record = record_of(shm::Packet::welcome);
  record.id = ++next_id_;
  record.workers = crew_.limit();
  record.incarnation = options_.incarnation;
  record.memory_limit = options_.memory_limit;
  record.clock_ns = SystemClock().now_ns();
  if (auto sent = shm::send_packet(guest->fd, record, fds, 0); !sent) return sent;
  std::lock_guard lock(mutex_);
  guest->session = std::make_shared<Session>(record.id, guest->who, std::move(guest->socket), options_.memory_limit);
  serve_with_all(guest);
  return {};
}

// Whoever comes second, a stream or a worker, finds the other: both are seen under the mutex.
void Listener::serve_with_all() {
  std::lock_guard lock(mutex_);
  for (auto& guest : guests_) {
    if (guest->session) serve_with_all(guest);
  }
}

void Listener::serve_with_all(const GuestPointer& guest) {
  const std::uint32_t workers = crew_.size();
  for (std::uint32_t& i = guest->watched_by; i < workers; ++i) {
    crew_.worker(i).run([guest, i = i](Worker& worker) { worker.reactor().watch(guest->wakes[i].get()); });
  }
  for (Served& served : guest->streams) {
    for (std::uint32_t& i = served.workers; i < workers; ++i) {
      crew_.worker(i).run([stream = served.stream](Worker& worker) {
        worker.add_channel(std::make_unique<ClientChannel>(worker, stream, Priority::low_latency));
        worker.add_channel(std::make_unique<ClientChannel>(worker, stream, Priority::high_throughput));
      });
    }
  }
}

Status Listener::answer(const GuestPointer& guest, const shm::Record& question) {
  switch (static_cast<shm::Packet>(question.packet)) {
    case shm::Packet::open_stream:
      return open_stream(guest);
    case shm::Packet::close_stream:
      return close_stream(guest, question.id);
    case shm::Packet::add_arena:
      return add_arena(guest, question.size);
    default:
      return Error{Code::invalid_argument, "an unknown packet", kListener};
  }
}

Status Listener::open_stream(const GuestPointer& guest) {
  shm::Record record = record_of(shm::Packet::stream);
  auto fail = [&](const Error& error) {
    record.code = static_cast<std::uint32_t>(error.code);
    shm::set_text(record, error.text);
    return shm::send_packet(guest->fd, record, {}, 0);
  };
  if (guest->streams.size() >= options_.max_streams) {
    return fail(
        {Code::resource_exhausted, "the session has as many streams as session.max_streams lets it", kListener});
  }
  auto counted = guest->session->create_segment("chimaera-stream", shm::Stream::bytes(crew_.limit()));
  if (!counted) return fail(counted.error());
  auto stream = std::make_shared<ClientStream>();
  stream->id = ++next_id_;
  stream->session = guest->session;
  stream->part = std::move(counted->part);
  stream->memory = std::move(counted->memory);
  record.id = stream->id;
  record.size = stream->memory.size();
  int fd = stream->memory.fd();
  if (auto sent = shm::send_packet(guest->fd, record, {&fd, 1}, 0); !sent) return sent;
  stream->memory.close_fd();
  std::lock_guard lock(mutex_);
  guest->streams.push_back({std::move(stream), 0});
  serve_with_all(guest);
  return {};
}

Status Listener::close_stream(const GuestPointer& guest, SessionId id) {
  std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(guest->streams.begin(), guest->streams.end(), [id](auto& each) { return each.stream->id == id; });
  if (found == guest->streams.end()) return {};
  for (std::uint32_t i = 0; i < found->workers; ++i) {
    crew_.worker(i).run([stream = found->stream](Worker& worker) { worker.close_channels(*stream); });
  }
  guest->streams.erase(found);
  return {};
}

Status Listener::add_arena(const GuestPointer& guest, std::uint64_t size) {
  shm::Record record = record_of(shm::Packet::arena);
  auto arena = guest->session->add_client_arena(size);
  if (!arena) {
    record.code = static_cast<std::uint32_t>(arena.code());
    shm::set_text(record, arena.error().text);
    return shm::send_packet(guest->fd, record, {}, 0);
  }
  record.segment = arena->segment;
  record.size = arena->size;
  int fd = arena->fd.get();
  return shm::send_packet(guest->fd, record, {&fd, 1}, 0);
}

void Listener::farewell(const GuestPointer& guest) {
  {
    std::lock_guard lock(mutex_);
    std::erase(guests_, guest);
  }
  if (!guest->session) return;
  log_.debug("session {} of pid {} has ended", guest->session->id(), guest->who.pid);
  for (std::uint32_t i = 0; i < guest->watched_by; ++i) {
    crew_.worker(i).run([guest, i](Worker& worker) {
      worker.close_session(*guest->session);
      worker.reactor().unwatch(guest->wakes[i].get());
    });
  }
}

std::vector<admin::SessionInfo> Listener::sessions() const {
  std::lock_guard lock(mutex_);
  std::vector<admin::SessionInfo> out;
  for (auto& guest : guests_) {
    if (!guest->session) continue;
    out.push_back({guest->session->id(), guest->who.pid, guest->who.uid,
                   static_cast<std::uint32_t>(guest->streams.size()), guest->session->memory()});
  }
  return out;
}

}  // namespace chi::runtime
