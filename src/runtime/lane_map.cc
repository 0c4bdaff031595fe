// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The published lane map.
#include "runtime/lane_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>

#include "base/signals.h"
#include "base/system_call.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace chi::runtime {

namespace {

constexpr const char* kLaneMap = "lane map";
constexpr std::size_t kHead = offsetof(shm::LaneMap, entries);
constexpr std::size_t kEntry = sizeof(shm::LaneMap::entries[0]);
constexpr std::size_t kLeastSize = kHead + 4096 * kEntry;

// Batch systems limit the sizes of files, and shared memory counts as one.
std::size_t size_allowed() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= sizeof(shm::LaneMap)) return sizeof(shm::LaneMap);
  return std::max<std::size_t>(limit.rlim_cur / kEntry * kEntry, kLeastSize);
}

}  // namespace

Result<std::unique_ptr<LaneMapPublisher>> LaneMapPublisher::create(std::uint32_t workers, std::uint64_t incarnation) {
  std::unique_ptr<LaneMapPublisher> out(new LaneMapPublisher);
  out->fd_ = UniqueFd(::memfd_create("chimaera-lanes", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!out->fd_) return call_error("memfd_create", errno, kLaneMap);
  const WriteSignalsHeld held;
  const std::size_t size = size_allowed();
  if (::ftruncate(out->fd_.get(), static_cast<off_t>(size)) != 0) return call_error("ftruncate", errno, kLaneMap);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, out->fd_.get(), 0);
  if (memory == MAP_FAILED) return call_error("mmap of the lane map", errno, kLaneMap);
  out->map_ = static_cast<shm::LaneMap*>(memory);
  out->size_ = size;
  out->count_ = static_cast<std::uint32_t>((size - kHead) / kEntry);
  if (::fcntl(out->fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return call_error("fcntl(F_ADD_SEALS), of Linux 5.1 and newer", errno, kLaneMap);
  }
  out->map_->magic = shm::LaneMap::kMagic;
  out->map_->workers.store(workers, std::memory_order_relaxed);
  out->map_->incarnation = incarnation;
  out->free_[0] = out->count_;
  return out;
}

LaneMapPublisher::~LaneMapPublisher() {
  if (map_) ::munmap(map_, size_);
}

Result<std::uint32_t> LaneMapPublisher::allocate(std::uint32_t count) {
  std::lock_guard lock(mutex_);
  for (auto at = free_.begin(); at != free_.end(); ++at) {
    if (at->second < count) continue;
    auto [base, room] = *at;
    free_.erase(at);
    if (room > count) free_[base + count] = room - count;
    return base;
  }
  return Error{Code::resource_exhausted,
               "this node has no room for more containers (" + std::to_string(count_) +
                   " at most); destroy pools that are not used",
               kLaneMap};
}

void LaneMapPublisher::release(std::uint32_t base, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) map_->entries[base + i].store(0, std::memory_order_release);
  std::lock_guard lock(mutex_);
  auto at = free_.emplace(base, count).first;
  if (auto following = std::next(at); following != free_.end() && at->first + at->second == following->first) {
    at->second += following->second;
    free_.erase(following);
  }
  if (at == free_.begin()) return;
  if (auto before = std::prev(at); before->first + before->second == at->first) {
    before->second += at->second;
    free_.erase(at);
  }
}

}  // namespace chi::runtime
