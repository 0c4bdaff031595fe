// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// System calls that a container's coroutines await, done by the worker's io_uring: the worker never blocks.
//
//   auto got = co_await io().read(fd, buffer, offset);   // Result<std::size_t>: bytes, fewer at the end of a file
//
// The memory is a Buffer, because the kernel may use it for longer than the coroutine lives: each operation keeps a
// reference until it has ended. Not cancelled by a deadline: the device decides how long it takes. Await what uses a
// caller's buffer before you reply: from then on it is the caller's again.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/detail/container_core.h>
#include <chimaera/detail/errno_error.h>
#include <chimaera/pending.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace chi {

namespace detail {

struct IoOperation : TypedOperation<std::size_t> {
  Buffer memory;

  static Result<std::size_t> read(IoOperation& self) {
    const std::int64_t outcome = self.chi_completion::result;
    if (outcome < 0) return error_of_errno(static_cast<int>(-outcome));
    if (self.code != 0) return Error{static_cast<Code>(self.code), "the operation was not started", {}};
    return static_cast<std::size_t>(outcome);
  }
};

}  // namespace detail

// A container's way to the kernel; from Container::io(). `result` is what the system call returns, in bytes or as a
// descriptor.
class Io {
 public:
  using Pending = chi::Pending<std::size_t>;

  explicit Io(const detail::ContainerCore& core) noexcept : core_(&core) {}

  Pending read(int fd, Buffer into, std::uint64_t offset) const {
    return start(CHI_IO_READ, fd, std::move(into), offset);
  }
  Pending write(int fd, Buffer from, std::uint64_t offset) const {
    return start(CHI_IO_WRITE, fd, std::move(from), offset);
  }
  // `flags`: IORING_FSYNC_DATASYNC, or 0.
  Pending sync(int fd, std::uint32_t flags = 0) const { return start(CHI_IO_FSYNC, fd, {}, 0, flags); }
  // What fallocate(2) does with a range of a file; `mode`: FALLOC_FL_*. A later daemon's: unimplemented before.
  Pending allocate(int fd, std::uint32_t mode, std::uint64_t offset, std::uint64_t size) const {
    return start(CHI_IO_FALLOCATE, fd, {}, offset, mode, size);
  }
  // Until one of `events` (of poll(2)) is there; gives those that are.
  Pending poll(int fd, std::uint32_t events) const { return start(CHI_IO_POLL, fd, {}, events); }
  Pending accept(int fd, std::uint32_t flags = 0) const { return start(CHI_IO_ACCEPT, fd, {}, 0, flags); }
  // `address` holds a sockaddr.
  Pending connect(int fd, Buffer address) const { return start(CHI_IO_CONNECT, fd, std::move(address), 0); }
  Pending receive(int fd, Buffer into, std::uint32_t flags = 0) const {
    return start(CHI_IO_RECV, fd, std::move(into), 0, flags);
  }
  Pending send(int fd, Buffer from, std::uint32_t flags = 0) const {
    return start(CHI_IO_SEND, fd, std::move(from), 0, flags);
  }

 private:
  Pending start(std::uint32_t kind, int fd, Buffer memory, std::uint64_t offset, std::uint32_t flags = 0,
                std::uint64_t size_without_memory = 0) const {
    auto* operation = detail::make_operation<detail::IoOperation>(&core_->executor);
    Pending pending(operation);
    operation->memory = std::move(memory);
    chi_io io{};
    io.operation = kind;
    io.fd = fd;
    io.data = operation->memory.data();
    io.size = size_without_memory != 0 ? size_without_memory : operation->memory.size();
    io.offset = offset;
    io.flags = flags;
    core_->services->io(core_->handle, &io, operation->start(core_->task()));
    return pending;
  }

  const detail::ContainerCore* core_;
};

}  // namespace chi
