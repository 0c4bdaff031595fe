// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// memfd_create, its seals, and the mapping.
#include "shm/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/signals.h"
#include "base/system_call.h"

namespace chi::shm {
namespace {

constexpr const char* kShm = "shm";
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

Result<std::uint8_t*> map(int fd, std::size_t size, Protection protection) {
  int access = protection == Protection::read_write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* at = ::mmap(nullptr, size, access, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return call_error("mmap of " + std::to_string(size) + " bytes of shared memory", errno, kShm);
  return static_cast<std::uint8_t*>(at);
}

}  // namespace

Segment::~Segment() {
  if (data_) ::munmap(data_, size_);
}

std::size_t Segment::mapped_size(std::size_t size) noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

Result<Segment> Segment::create(const char* name, std::size_t size, Protection others) {
  if (size == 0 || size > SIZE_MAX / 2) return Error{Code::invalid_argument, "a segment of no sensible size", kShm};
  size = mapped_size(size);
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return call_error("memfd_create", errno, kShm);
  const WriteSignalsHeld held;  // memory counts as a file: its size has the same limit
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return call_error("ftruncate to " + std::to_string(size) + " bytes of shared memory", errno, kShm);
  }
  auto data = map(fd.get(), size, Protection::read_write);
  if (!data) return std::move(data).error();
  Segment out;
  out.fd_ = std::move(fd);
  out.data_ = *data;
  out.size_ = size;
  // Last, for it forbids every mapping for writing that does not exist yet.
  int seals = kSeals | (others == Protection::read_only ? F_SEAL_FUTURE_WRITE : 0);
  if (::fcntl(out.fd(), F_ADD_SEALS, seals) != 0) return call_error("fcntl(F_ADD_SEALS)", errno, kShm);
  return out;
}

Result<Segment> Segment::adopt(UniqueFd fd, std::size_t size, Protection protection) {
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return Error{Code::invalid_argument, "no descriptor of shared memory came", kShm};
  }
  // Seals exist on memory files only, so this also refuses sockets, pipes and files of a disk.
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 && errno != EINVAL) return call_error("fcntl(F_GET_SEALS)", errno, kShm);
  if (seals < 0 || (seals & kSeals) != kSeals) {
    return Error{Code::invalid_argument, "shared memory that could be cut short was refused: it is not sealed", kShm};
  }
  if (size == 0 || static_cast<std::uint64_t>(status.st_size) < size) {
    return Error{Code::invalid_argument,
                 "shared memory of " + std::to_string(status.st_size) + " bytes, announced as " + std::to_string(size),
                 kShm};
  }
  auto data = map(fd.get(), size, protection);
  if (!data) return std::move(data).error();
  Segment out;
  out.fd_ = std::move(fd);
  out.data_ = *data;
  out.size_ = size;
  return out;
}

}  // namespace chi::shm
