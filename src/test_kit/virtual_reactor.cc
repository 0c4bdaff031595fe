// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// System calls of virtual_reactor.h: what io_uring would do with them, by the plain calls of the same meaning.
#include "test_kit/virtual_reactor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace chi::test_kit {
namespace {

// What descriptor must be ready for; 0: nothing, the call does not wait for anyone.
short awaited(const chi_io& io) noexcept {
  switch (io.operation) {
    case CHI_IO_READ:
    case CHI_IO_ACCEPT:
    case CHI_IO_RECV:
      return POLLIN;
    case CHI_IO_WRITE:
    case CHI_IO_SEND:
      return POLLOUT;
    case CHI_IO_POLL:
      return static_cast<short>(io.offset);
    default:
      return 0;
  }
}

ssize_t transfer(const chi_io& io) noexcept {
  const bool read = io.operation == CHI_IO_READ;
  const auto offset = static_cast<off_t>(io.offset);
  ssize_t done = read ? ::pread(io.fd, io.data, io.size, offset) : ::pwrite(io.fd, io.data, io.size, offset);
  if (done >= 0 || errno != ESPIPE) return done;
  return read ? ::read(io.fd, io.data, io.size) : ::write(io.fd, io.data, io.size);
}

ssize_t run(const chi_io& io) noexcept {
  const auto flags = static_cast<int>(io.flags);
  switch (io.operation) {
    case CHI_IO_READ:
    case CHI_IO_WRITE:
      return transfer(io);
    case CHI_IO_FSYNC:
      return io.flags != 0 ? ::fdatasync(io.fd) : ::fsync(io.fd);
    case CHI_IO_FALLOCATE:
      return ::fallocate(io.fd, flags, static_cast<off_t>(io.offset), static_cast<off_t>(io.size));
    case CHI_IO_POLL: {
      pollfd asked{io.fd, static_cast<short>(io.offset), 0};
      return ::poll(&asked, 1, 0) < 0 ? -1 : asked.revents;
    }
    case CHI_IO_ACCEPT:
      return ::accept4(io.fd, nullptr, nullptr, flags);
    case CHI_IO_CONNECT:
      return ::connect(io.fd, static_cast<const sockaddr*>(io.data), static_cast<socklen_t>(io.size));
    case CHI_IO_RECV:
      return ::recv(io.fd, io.data, io.size, flags);
    case CHI_IO_SEND:
      return ::send(io.fd, io.data, io.size, flags | MSG_NOSIGNAL);
    default:
      errno = EINVAL;
      return -1;
  }
}

}  // namespace

bool VirtualReactor::start(const chi_io& io, const runtime::Registered&, runtime::Operation& operation) {
  started_.push_back({io, &operation, fault_ ? fault_(io) : 0});
  return true;
}

bool VirtualReactor::can_run(const Started& started) noexcept {
  const short events = awaited(started.io);
  if (started.error != 0 || events == 0 || started.io.fd < 0) return true;
  pollfd asked{started.io.fd, events, 0};
  return ::poll(&asked, 1, 0) != 0;
}

unsigned VirtualReactor::poll() {
  std::deque<Started> waiting = std::exchange(started_, {});
  unsigned ended = 0;
  for (const Started& next : waiting) {
    if (!can_run(next)) {
      started_.push_back(next);
      continue;
    }
    ssize_t result = next.error != 0 ? -next.error : run(next.io);
    if (next.error == 0 && result < 0) result = -errno;
    next.operation->done(*next.operation, static_cast<std::int32_t>(result));
    ++ended;
  }
  return ended;
}

void VirtualReactor::wait(std::uint64_t until_ns) {
  rests_ = std::none_of(started_.begin(), started_.end(), can_run);
  until_ns_ = until_ns;
}

bool VirtualReactor::take_rest(std::uint64_t& until_ns) noexcept {
  until_ns = until_ns_;
  return std::exchange(rests_, false);
}

}  // namespace chi::test_kit
