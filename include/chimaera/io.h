// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// System calls that a container's coroutines await, done by the worker's io_uring: the worker never blocks.
//
//   auto got = co_await io().read(fd, buffer, offset);   // Result<std::size_t>: bytes, fewer at the end of a file
//
// The memory is a Buffer, because the kernel may use it for longer than the coroutine lives: each operation keeps a
// reference until it has ended. Not cancelled by a deadline: the device decides how long it takes. Await what uses a
// caller's buffer before you reply: from then on it is the caller's again.
//
// A file that is read and written again and again is better registered once: operations on it cost the kernel less, and
// those on memory that a client shares even less:
//
//   file_ = io().register_file(::open(...));             // closes it at its end
//   auto got = co_await io().read(file_, buffer, offset);
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

extern "C" int close(int fd);  // that of POSIX, whose header is no part of the standard library

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

// An open file, known to the workers' io_uring beforehand where the daemon and the kernel do that. Owns the descriptor,
// so that no operation ever meets another file under its number. It may end while operations run, which keep the file
// open. Belongs to its container.
class RegisteredFile {
 public:
  RegisteredFile() = default;  // of no file; only to be assigned to
  RegisteredFile(RegisteredFile&& other) noexcept
      : core_(other.core_), file_(std::exchange(other.file_, nullptr)), fd_(std::exchange(other.fd_, -1)) {}
  RegisteredFile& operator=(RegisteredFile&& other) noexcept {
    std::swap(core_, other.core_);
    std::swap(file_, other.file_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~RegisteredFile() {
    if (file_) core_->services->file_close(core_->handle, file_);
    if (fd_ >= 0) detail::close(fd_);
  }

  int fd() const noexcept { return fd_; }  // for other system calls; -1: none

 private:
  friend class Io;
  RegisteredFile(const detail::ContainerCore& core, int fd) noexcept : core_(&core), fd_(fd) {
    const bool offered = core.services->size > offsetof(chi_services, file_close);
    if (offered && fd >= 0) file_ = core.services->file_open(core.handle, fd);
  }

  const detail::ContainerCore* core_ = nullptr;
  chi_file* file_ = nullptr;  // null: operations name the descriptor
  int fd_ = -1;
};

// A container's way to the kernel; from Container::io(). `result` is what the system call returns, in bytes or as a
// descriptor.
class Io {
 public:
  using Pending = chi::Pending<std::size_t>;

  // What reads and writes are of: a descriptor, or a registered file.
  struct File {
    File(int number) noexcept : fd(number) {}                                             // NOLINT: either will do
    File(const RegisteredFile& file) noexcept : fd(file.fd()), registered(file.file_) {}  // NOLINT: as above
    int fd;
    chi_file* registered = nullptr;
  };

  explicit Io(const detail::ContainerCore& core) noexcept : core_(&core) {}

  // Takes the descriptor over.
  RegisteredFile register_file(int fd) const noexcept { return {*core_, fd}; }

  Pending read(File file, Buffer into, std::uint64_t offset) const {
    return start(CHI_IO_READ, file, std::move(into), offset);
  }
  Pending write(File file, Buffer from, std::uint64_t offset) const {
    return start(CHI_IO_WRITE, file, std::move(from), offset);
  }
  // `flags`: IORING_FSYNC_DATASYNC, or 0.
  Pending sync(File file, std::uint32_t flags = 0) const { return start(CHI_IO_FSYNC, file, {}, 0, flags); }
  // What fallocate(2) does with a range of a file; `mode`: FALLOC_FL_*. A later daemon's: unimplemented before.
  Pending allocate(File file, std::uint32_t mode, std::uint64_t offset, std::uint64_t size) const {
    return start(CHI_IO_FALLOCATE, file, {}, offset, mode, size);
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
  Pending start(std::uint32_t kind, File file, Buffer memory, std::uint64_t offset, std::uint32_t flags = 0,
                std::uint64_t size_without_memory = 0) const {
    auto* operation = detail::make_operation<detail::IoOperation>(&core_->executor);
    Pending pending(operation);
    operation->memory = std::move(memory);
    chi_io io{};
    io.operation = kind;
    io.fd = file.fd;
    io.data = operation->memory.data();
    io.size = size_without_memory != 0 ? size_without_memory : operation->memory.size();
    io.offset = offset;
    io.flags = flags;
    io.more = sizeof io - offsetof(chi_io, file);
    io.file = file.registered;
    io.block = operation->memory.raw().block;
    core_->services->io(core_->handle, &io, operation->start(core_->task()));
    return pending;
  }

  const detail::ContainerCore* core_;
};

}  // namespace chi
