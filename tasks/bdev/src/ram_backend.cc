// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A volume in memory. Pages come into being when they are written, and go when their range is released.
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "backends.h"

namespace bdev {
namespace {

class RamBackend final : public Backend {
 public:
  explicit RamBackend(std::string name) {
    info_.name = std::move(name);
    info_.fresh = true;
  }
  ~RamBackend() override {
    if (memory_) ::munmap(memory_, size_);
  }

  const BackendInfo& info() const noexcept override { return info_; }
  std::uint8_t* memory() noexcept override { return memory_; }
  std::uint64_t size() const noexcept override { return size_; }

  chi::Status resize(std::uint64_t size) override {
    void* at = memory_
                   ? ::mremap(memory_, size_, size, MREMAP_MAYMOVE)
                   : ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
      return chi::Error{chi::Code::resource_exhausted,
                        "no memory for a volume of " + std::to_string(size) + " bytes: make it smaller",
                        {}};
    }
    memory_ = static_cast<std::uint8_t*>(at);
    size_ = size;
    ::madvise(memory_, size_, MADV_HUGEPAGE);  // fewer misses of the TLB; where there are none, the pages are small
    return {};
  }

  // Behind a layer there is no memory() to be used in their place.
  Transfer read(chi::Buffer into, std::uint64_t offset) override {
    std::memcpy(into.data(), memory_ + offset, into.size());
    co_return into.size();
  }
  Transfer write(chi::Buffer from, std::uint64_t offset) override {
    std::memcpy(memory_ + offset, from.data(), from.size());
    co_return from.size();
  }
  chi::Task<chi::Status> sync() override { co_return chi::Status(); }
  chi::Task<chi::Status> zero(Range range, bool release) override {
    if (release) {
      co_return store_zeros(range);
    }
    std::memset(memory_ + range.offset, 0, range.size);
    co_return chi::Status();
  }

  chi::Status load(std::uint64_t offset, std::span<std::uint8_t> into) override {
    std::memcpy(into.data(), memory_ + offset, into.size());
    return {};
  }
  chi::Status store(std::uint64_t offset, std::span<const std::uint8_t> from) override {
    std::memcpy(memory_ + offset, from.data(), from.size());
    return {};
  }
  chi::Status store_zeros(Range range) override {
    constexpr std::uint64_t kPageSize = 4096;
    const std::uint64_t first = (range.offset + kPageSize - 1) / kPageSize * kPageSize;
    const std::uint64_t last = range.end() / kPageSize * kPageSize;
    if (first >= last || ::madvise(memory_ + first, last - first, MADV_DONTNEED) != 0) {
      std::memset(memory_ + range.offset, 0, range.size);
      return {};
    }
    std::memset(memory_ + range.offset, 0, first - range.offset);
    std::memset(memory_ + last, 0, range.end() - last);
    return {};
  }
  chi::Status sync_now() override { return {}; }
  chi::Status check_blank() override { return {}; }

 private:
  BackendInfo info_;
  std::uint8_t* memory_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace

std::unique_ptr<Backend> make_ram(const BackendSpec& spec) { return std::make_unique<RamBackend>(spec.text); }

}  // namespace bdev
