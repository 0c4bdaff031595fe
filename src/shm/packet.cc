// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// sendmsg and recvmsg with SCM_RIGHTS, and waiting for either with poll.
#include "shm/packet.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "base/file.h"

namespace chi::shm {
namespace {

constexpr const char* kWhere = "socket";

Error gone() { return {Code::unavailable, "the other side has closed the connection", kWhere}; }

// Waits until the socket is ready for `events`.
Status wait_ready(int socket, short events, std::uint64_t deadline_ns, const char* what) {
  for (;;) {
    std::uint64_t now = SystemClock().now_ns();
    std::uint64_t left_ms = deadline_ns > now ? (deadline_ns - now + 999'999) / 1'000'000 : 0;
    pollfd entry{socket, events, 0};
    int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::uint64_t>(left_ms, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Error{Code::unavailable, "poll: " + errno_text(errno), kWhere};
    if (ready == 0 && SystemClock().now_ns() >= deadline_ns) {
      return Error{Code::deadline_exceeded, std::string("the other side did not ") + what + " in time", kWhere};
    }
  }
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// Takes every descriptor out of the control data, so that none is leaked whatever follows.
std::vector<UniqueFd> take_fds(msghdr& message) {
  std::vector<UniqueFd> out;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      out.emplace_back(fd);
    }
  }
  return out;
}

Status check(const Record& record, std::size_t size, int flags) {
  if (size != sizeof(Record) || (flags & MSG_TRUNC) || record.magic != kProtocolMagic) {
    return Error{Code::invalid_argument, "what came on the socket is not a packet of this protocol", kWhere};
  }
  if (record.version != kProtocolVersion) {
    return Error{Code::failed_precondition,
                 "the other side speaks protocol version " + std::to_string(record.version) + ", this one " +
                     std::to_string(kProtocolVersion) + "; use a client library and a daemon of the same release",
                 kWhere};
  }
  return {};
}

}  // namespace

Status send_packet(int socket, const Record& record, std::span<const int> fds, std::uint64_t deadline_ns) {
  if (fds.size() > kMaxPacketFds) return Error{Code::invalid_argument, "too many descriptors for one packet", kWhere};
  iovec data{const_cast<Record*>(&record), sizeof(record)};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPacketFds * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return gone();
    if (errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM) {
      return Error{Code::resource_exhausted, "cannot pass descriptors: " + errno_text(errno), kWhere};
    }
    if (!would_block(errno)) return Error{Code::unavailable, "cannot send: " + errno_text(errno), kWhere};
    auto ready = wait_ready(socket, POLLOUT, deadline_ns, "read");
    if (!ready) return ready;
  }
}

Result<ReceivedPacket> receive_packet(int socket, std::uint64_t deadline_ns, std::uint32_t max_fds) {
  ReceivedPacket out;
  iovec data{&out.record, sizeof(out.record)};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPacketFds * sizeof(int))];
  msghdr message{};
  ssize_t size = 0;
  for (;;) {
    message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size >= 0) break;
    if (errno == EINTR) continue;
    if (errno == ECONNRESET || errno == ENOTCONN) return gone();
    if (!would_block(errno)) return Error{Code::unavailable, "cannot receive: " + errno_text(errno), kWhere};
    auto ready = wait_ready(socket, POLLIN, deadline_ns, "answer");
    if (!ready) return std::move(ready).error();
  }
  out.fds = take_fds(message);
  if (size == 0) return gone();
  auto valid = check(out.record, static_cast<std::size_t>(size), message.msg_flags);
  if (!valid) return std::move(valid).error();
  if (message.msg_flags & MSG_CTRUNC) {
    return Error{Code::resource_exhausted, "descriptors were dropped; raise the limit of open files (ulimit -n)",
                 kWhere};
  }
  if (out.fds.size() > max_fds) return Error{Code::invalid_argument, "a packet with surplus descriptors", kWhere};
  out.record.text[sizeof(out.record.text) - 1] = '\0';
  return out;
}

void set_text(Record& record, std::string_view text) noexcept {
  std::size_t size = std::min(text.size(), sizeof(record.text) - 1);
  std::memcpy(record.text, text.data(), size);
  std::memset(record.text + size, 0, sizeof(record.text) - size);
}

}  // namespace chi::shm
