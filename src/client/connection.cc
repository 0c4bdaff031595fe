// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The socket's side of a session. An exchange that fails half way would leave its answer for the next one to find, so
// it ends the connection.
#include "client/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <ctime>
#include <utility>

#include "base/asymmetric_fence.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process_words.h"
#include "base/random.h"
#include "base/runtime_dir.h"
#include "base/system_call.h"
#include "base/text.h"

namespace chi::client {
namespace {

constexpr const char* kWhere = "client";
constexpr std::uint64_t kFirstPauseNs = 1'000'000;  // before the next try to connect
constexpr std::uint64_t kLongestPauseNs = 64'000'000;
constexpr std::uint64_t kFirstArena = 4u << 20;
constexpr std::uint64_t kLargestGrowth = 64u << 20;
constexpr std::uint64_t kAnnounceWaitNs = 1'000'000'000;  // the packet was sent before what refers to it was

Error dial_error(const std::string& path, int error) {
  if (error == ENOENT || error == ECONNREFUSED) {
    return {Code::unavailable, fmt::format("no daemon listens at '{}'; start one with `chimaera start`", path), kWhere};
  }
  Code code = errno_code(error);
  if (code == Code::failed_precondition) code = Code::unavailable;
  return {code, fmt::format("cannot connect to '{}': {}", path, errno_text(error)), kWhere};
}

shm::Record record_of(shm::Packet packet) {
  shm::Record out;
  out.packet = static_cast<std::uint32_t>(packet);
  return out;
}

bool is(const shm::ReceivedPacket& packet, shm::Packet kind) {
  return packet.record.packet == static_cast<std::uint32_t>(kind);
}

Error protocol_error(const char* what) {
  return {Code::internal, fmt::format("the daemon broke the protocol: {}", what), kWhere};
}

// How far the daemon's clock is ahead (modulo 2^64), which read `daemon_ns` between two looks at ours. It is the same
// clock unless that cannot be; then deadlines are late by what connecting took, at most, and never early.
std::uint64_t clock_ahead(std::uint64_t before_ns, std::uint64_t daemon_ns, std::uint64_t after_ns) noexcept {
  const bool same = before_ns <= daemon_ns && daemon_ns <= after_ns;
  return same ? 0 : daemon_ns - before_ns;
}

Error refusal(const shm::Record& record) {
  return {static_cast<Code>(record.code), record.text[0] ? record.text : "the daemon refused", "daemon"};
}

}  // namespace

Error Connection::lost() {
  return {Code::unavailable,
          "the daemon has gone; whether the call took effect is unknown; the next call connects again", kWhere};
}

Result<UniqueFd> Connection::dial(const DaemonAddress& daemon, std::uint64_t deadline_ns) {
  const std::string& path = daemon.path;
  auto address = socket_address(path);
  if (!address) return std::move(address).error();
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Error{errno_code(errno), fmt::format("cannot make a socket: {}", errno_text(errno)), kWhere};
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return dial_error(path, errno);
    // The daemon's backlog is full; the kernel offers nothing to wait on for a Unix socket.
    if (SystemClock().now_ns() >= deadline_ns) {
      return Error{Code::deadline_exceeded, fmt::format("the daemon at '{}' does not accept connections", path),
                   kWhere};
    }
    timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  ucred listener{};
  socklen_t size = sizeof listener;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0) return dial_error(path, errno);
  if (Status known = daemon.check(listener.uid); !known) return std::move(known).error();
  return fd;
}

Result<std::shared_ptr<Connection>> Connection::connect(const DaemonAddress& address, std::uint64_t deadline_ns) {
  for (std::uint64_t pause = kFirstPauseNs;; pause = std::min(2 * pause, kLongestPauseNs)) {
    auto socket = dial(address, deadline_ns);
    if (!socket) return std::move(socket).error();
    bool again = false;
    auto opened = open(*std::move(socket), deadline_ns, &again);
    // Many that were refused at the same time do not come back at the same time.
    const std::uint64_t wait = pause / 2 + SystemRandom().next() % pause;
    if (opened || !again || SystemClock().now_ns() + wait >= deadline_ns) return opened;
    const timespec left{static_cast<std::time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
    ::nanosleep(&left, nullptr);
  }
}

Result<std::shared_ptr<Connection>> Connection::open(UniqueFd socket, std::uint64_t deadline_ns, bool* again) {
  if (!register_asymmetric_fences()) return call_error("membarrier, of Linux 4.16 and newer", errno, kWhere);
  if (!ProcessWords::possible()) return call_error("madvise(MADV_WIPEONFORK), of Linux 4.14 and newer", errno, kWhere);
  const std::uint64_t asked_ns = SystemClock().now_ns();
  auto sent = shm::send_packet(socket.get(), record_of(shm::Packet::hello), {}, deadline_ns);
  if (!sent && sent.code() != Code::unavailable) return std::move(sent).error();
  // Where the daemon no longer listens to this one, it has said why.
  auto welcome = shm::receive_packet(socket.get(), deadline_ns);
  if (!welcome) {
    if (again) *again = welcome.code() == Code::unavailable;
    return std::move(welcome).error();
  }
  if (welcome->record.code != 0) {
    if (again) *again = welcome->record.code == static_cast<std::uint32_t>(Code::resource_exhausted);
    return refusal(welcome->record);
  }
  std::uint32_t workers = welcome->record.workers;
  if (!is(*welcome, shm::Packet::welcome) || workers == 0 || workers > shm::kMaxWorkers ||
      welcome->fds.size() != workers + 1) {
    return protocol_error("its welcome is damaged");
  }
  struct stat map_file{};
  if (::fstat(welcome->fds[0].get(), &map_file) != 0 ||
      static_cast<std::uint64_t>(map_file.st_size) < offsetof(shm::LaneMap, entries)) {
    return protocol_error("its lane map is damaged");
  }
  const auto map_size = std::min<std::uint64_t>(static_cast<std::uint64_t>(map_file.st_size), sizeof(shm::LaneMap));
  auto lanes = shm::Segment::adopt(std::move(welcome->fds[0]), map_size, shm::Protection::read_only);
  if (!lanes) return std::move(lanes).error();
  const auto* map = reinterpret_cast<const shm::LaneMap*>(lanes->data());
  const std::uint32_t active = map->workers.load(std::memory_order_relaxed);
  if (map->magic != shm::LaneMap::kMagic || active == 0 || active > workers) {
    return protocol_error("its lane map is damaged");
  }
  const std::uint64_t ahead = clock_ahead(asked_ns, welcome->record.clock_ns, SystemClock().now_ns());
  std::shared_ptr<Connection> made(new Connection(std::move(socket), *std::move(welcome), *std::move(lanes)));
  made->clock_ahead_ns_ = ahead;
  return made;
}

Connection::Connection(UniqueFd socket, shm::ReceivedPacket&& welcome, shm::Segment lanes)
    : socket_(std::move(socket)), lane_segment_(std::move(lanes)), memory_limit_(welcome.record.memory_limit) {
  lane_segment_.close_fd();
  lanes_ = lane_segment_.data();
  for (std::size_t i = 1; i < welcome.fds.size(); ++i) wake_fds_.push_back(std::move(welcome.fds[i]));
}

void Connection::wake(std::uint32_t worker) noexcept {
  std::uint64_t one = 1;
  // Fails only when the counter is full, and then the worker has been told already.
  [[maybe_unused]] ssize_t written = ::write(wake_fds_[worker].get(), &one, sizeof(one));
}

Status Connection::take_announcement(shm::ReceivedPacket&& packet) {
  if (!is(packet, shm::Packet::reply_arena) || packet.fds.size() != 1) return protocol_error("an unknown packet came");
  auto segment = shm::Segment::adopt(std::move(packet.fds[0]), packet.record.size);
  if (!segment) return std::move(segment).error();
  segment->close_fd();
  memory_->add_reply_arena(packet.record.segment, *std::move(segment));
  return {};
}

Result<shm::ReceivedPacket> Connection::receive(std::uint64_t deadline_ns) {
  auto packet = shm::receive_packet(socket_.get(), deadline_ns);
  if (!packet && packet.code() != Code::deadline_exceeded) die();
  return packet;
}

Result<shm::ReceivedPacket> Connection::exchange(const shm::Record& request, shm::Packet answer,
                                                 std::uint64_t deadline_ns) {
  std::lock_guard lock(mutex_);
  if (dead()) return lost();
  auto sent = shm::send_packet(socket_.get(), request, {}, deadline_ns);
  if (!sent) {
    die();
    return std::move(sent).error();
  }
  for (;;) {
    auto packet = receive(deadline_ns);
    if (!packet) {
      die();
      return packet;
    }
    if (is(*packet, answer)) {
      if (packet->record.code != 0) return refusal(packet->record);
      if (packet->fds.size() == 1) return packet;
      die();
      return protocol_error("an answer without its descriptor came");
    }
    auto taken = take_announcement(*std::move(packet));
    if (!taken) {
      die();
      return std::move(taken).error();
    }
  }
}

bool Connection::check() {
  pollfd entry{socket_.get(), POLLIN | POLLRDHUP, 0};
  if (dead() || ::poll(&entry, 1, 0) <= 0) return !dead();
  if (entry.revents & (POLLHUP | POLLERR | POLLRDHUP)) {
    die();
    return false;
  }
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return true;  // whoever holds it reads
  while (auto packet = receive(0)) {
    if (!take_announcement(*std::move(packet))) die();
  }
  return !dead();
}

Result<StreamMemory> Connection::open_stream(std::uint64_t deadline_ns) {
  auto packet = exchange(record_of(shm::Packet::open_stream), shm::Packet::stream, deadline_ns);
  if (!packet) return std::move(packet).error();
  auto segment = shm::Segment::adopt(std::move(packet->fds[0]), shm::Stream::bytes(workers()));
  if (!segment) return std::move(segment).error();
  segment->close_fd();
  return StreamMemory{packet->record.id, *std::move(segment)};
}

void Connection::close_stream(SessionId id) {
  auto request = record_of(shm::Packet::close_stream);
  request.id = id;
  std::lock_guard lock(mutex_);
  if (!dead() && !shm::send_packet(socket_.get(), request, {}, 0)) die();
}

Error Connection::limit_reached(std::uint64_t size) const {
  return {Code::resource_exhausted,
          fmt::format("{} more do not fit into this session's memory, of which it has {}; let go of buffers, wait "
                      "(ConnectOptions::memory_wait), or raise session.memory_limit (now {}) in the daemon's "
                      "configuration",
                      format_size(size), format_size(memory_->arena_bytes()), format_size(memory_limit_)),
          kWhere};
}

Status Connection::add_arena(std::uint64_t size, std::uint64_t deadline_ns) {
  auto request = record_of(shm::Packet::add_arena);
  request.size = size;
  auto packet = exchange(request, shm::Packet::arena, deadline_ns);
  if (!packet) return std::move(packet).error();
  auto segment = shm::Segment::adopt(std::move(packet->fds[0]), packet->record.size);
  if (!segment) return std::move(segment).error();
  segment->close_fd();
  memory_->add_arena(packet->record.segment, *std::move(segment));
  return {};
}

// Asks for as much again as there is, within bounds; then, at the limit, for less and less down to what is needed.
Status Connection::grow(std::uint64_t size, std::uint64_t deadline_ns) {
  std::uint64_t need = (size + 4095) / 4096 * 4096;
  std::uint64_t have = memory_->arena_bytes();
  if (need > memory_limit_ || have > memory_limit_ - need) return limit_reached(size);
  std::uint64_t wish = std::clamp(std::bit_ceil(have), kFirstArena, kLargestGrowth);
  wish = std::max(std::min(wish, memory_limit_ - have), need);
  for (;;) {
    auto added = add_arena(wish, deadline_ns);
    if (added || added.code() != Code::resource_exhausted) return added;
    if (wish == need) return added;  // the daemon says which of its limits it is
    wish = std::max(wish / 2 / 4096 * 4096, need);
  }
}

Result<chi_buffer> Connection::allocate(std::uint64_t size, std::uint64_t deadline_ns) {
  if (auto buffer = memory_->allocate(size)) return *buffer;
  if (size >= std::uint64_t{1} << 32) {
    return Error{Code::invalid_argument,
                 fmt::format("one buffer has less than 4 GiB, not {}; use several", format_size(size)), kWhere};
  }
  std::lock_guard lock(grow_mutex_);
  if (auto buffer = memory_->allocate(size)) return *buffer;  // another thread was here before
  auto grown = grow(size, deadline_ns);
  if (!grown) return std::move(grown).error();
  if (auto buffer = memory_->allocate(size)) return *buffer;
  return limit_reached(size);  // other threads have taken it meanwhile
}

Result<chi_buffer> Connection::borrow(const shm::BufferDescriptor& descriptor) {
  std::uint64_t deadline = 0;
  while (!memory_->knows(descriptor.segment)) {
    std::lock_guard lock(mutex_);
    if (memory_->knows(descriptor.segment)) break;
    if (dead()) return lost();
    if (deadline == 0) deadline = SystemClock().now_ns() + kAnnounceWaitNs;
    auto packet = receive(deadline);
    if (!packet) return std::move(packet).error();
    auto taken = take_announcement(*std::move(packet));
    if (!taken) return std::move(taken).error();
  }
  return memory_->borrow(descriptor);
}

}  // namespace chi::client
