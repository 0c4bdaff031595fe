// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements socket_reader.h.
#include "nbd/socket_reader.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace chi::nbd {
namespace {

using Clock = std::chrono::steady_clock;

ssize_t receive(int fd, std::span<std::uint8_t> into, int flags) {
  ssize_t got = 0;
  do {
    got = ::recv(fd, into.data(), into.size(), flags);
  } while (got < 0 && errno == EINTR);
  return got;
}

bool wait_for(int fd, short events, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    pollfd wait{fd, events, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

bool SocketReader::fill() {
  begin_ = end_ = 0;
  const ssize_t got = receive(fd_, bytes_, 0);
  if (got <= 0) return false;
  end_ = static_cast<std::size_t>(got);
  return true;
}

std::size_t SocketReader::take(std::span<std::uint8_t> into) noexcept {
  const std::size_t size = std::min(into.size(), end_ - begin_);
  std::memcpy(into.data(), bytes_.data() + begin_, size);
  begin_ += size;
  return size;
}

bool SocketReader::read(std::span<std::uint8_t> into) {
  into = into.subspan(take(into));
  while (!into.empty()) {
    if (into.size() < bytes_.size()) {
      if (!fill()) return false;
      into = into.subspan(take(into));
    } else {
      const ssize_t got = receive(fd_, into, MSG_WAITALL);
      if (got <= 0) return false;
      into = into.subspan(static_cast<std::size_t>(got));
    }
  }
  return true;
}

bool SocketReader::skip(std::uint64_t size) {
  for (;;) {
    const std::uint64_t part = std::min<std::uint64_t>(size, end_ - begin_);
    begin_ += part;
    size -= part;
    if (size == 0) return true;
    if (!fill()) return false;
  }
}

std::span<const std::uint8_t> SocketReader::peek(Clock::time_point until) {
  if (begin_ == end_ && (!wait_for(fd_, POLLIN, until) || !fill())) return {};
  return std::span(bytes_).subspan(begin_, end_ - begin_);
}

bool send_all(int fd, std::span<const std::uint8_t> bytes, Clock::time_point until) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(fd, POLLOUT, until)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace chi::nbd
