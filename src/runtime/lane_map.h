// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The page that tells clients which worker owns which container, and who sleeps (shm/layout.h: LaneMap). Written here,
// read-only for everybody else: its memfd is sealed against any further writable mapping.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "base/unique_fd.h"
#include "chimaera/result.h"
#include "shm/layout.h"

namespace chi::runtime {

// Usable from any thread.
class LaneMapPublisher {
 public:
  // `workers`: active ones, to begin with. Where file sizes are limited, it has fewer entries.
  static Result<std::unique_ptr<LaneMapPublisher>> create(std::uint32_t workers, std::uint64_t incarnation);
  ~LaneMapPublisher();
  LaneMapPublisher(const LaneMapPublisher&) = delete;
  LaneMapPublisher& operator=(const LaneMapPublisher&) = delete;

  int fd() const noexcept { return fd_.get(); }
  shm::LaneMap& map() noexcept { return *map_; }

  // Room for the entries of one pool; resource_exhausted when there is none.
  Result<std::uint32_t> allocate(std::uint32_t count);
  // Of a move of any lane, the next number.
  std::uint64_t number_move() noexcept { return moves_.fetch_add(1, std::memory_order_relaxed) + 1; }
  // Marks the entries dead and gives the room back.
  void release(std::uint32_t base, std::uint32_t count);

 private:
  LaneMapPublisher() = default;

  UniqueFd fd_;
  shm::LaneMap* map_ = nullptr;
  std::size_t size_ = 0;     // bytes of it
  std::uint32_t count_ = 0;  // entries in there
  std::mutex mutex_;
  std::atomic<std::uint64_t> moves_{0};
  std::map<std::uint32_t, std::uint32_t> free_;  // base -> count
};

}  // namespace chi::runtime
