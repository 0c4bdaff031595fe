// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One region of shared memory: a memfd whose size is sealed, so that no side can make the other fault by truncating it,
// and its mapping. Pages come into being when they are touched. Not thread-safe; the memory itself is what it is.
#pragma once

#include <chimaera/result.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/unique_fd.h"

namespace chi::shm {

enum class Protection { read_write, read_only };

class Segment {
 public:
  // A new region of `size` bytes (rounded up to pages), zeroed, mapped for writing. `others` says what whoever gets its
  // descriptor may do with it. `name` is what /proc/PID/maps shows. Fails with resource_exhausted (memory,
  // descriptors), leaving nothing.
  static Result<Segment> create(const char* name, std::size_t size, Protection others = Protection::read_write);

  // Maps a region that the other side made, once its size and seals were checked: at least `size` bytes of it, all of
  // which stay. Fails with invalid_argument where it is not such a region.
  static Result<Segment> adopt(UniqueFd fd, std::size_t size, Protection protection = Protection::read_write);

  // What a new region of `size` bytes takes: whole pages.
  static std::size_t mapped_size(std::size_t size) noexcept;

  Segment() = default;
  Segment(Segment&& other) noexcept
      : fd_(std::move(other.fd_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Segment& operator=(Segment&& other) noexcept {
    Segment old(std::move(*this));
    fd_ = std::move(other.fd_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  ~Segment();

  std::uint8_t* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  int fd() const noexcept { return fd_.get(); }

  // The mapping stays; the descriptor is no longer needed once the other side has its own.
  void close_fd() noexcept { fd_.reset(); }

  bool contains(std::uint64_t offset, std::uint64_t size) const noexcept {
    return offset <= size_ && size <= size_ - offset;
  }

 private:
  UniqueFd fd_;
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace chi::shm
