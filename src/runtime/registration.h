// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What an io_uring is told of once, instead of with each operation: a file, or a region of memory, whose pages the
// kernel then keeps at hand. Always an advantage, never a need: where the kernel or a limit refuses, there is no place,
// and operations name the file and the memory as ever. Usable from any thread but for what says otherwise.
#pragma once

#include <liburing.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace chi::runtime {

// The places for one kind of things in one worker's ring. Made in the kernel with the first that is added.
class RingTable {
 public:
  enum class Kind { files, memory };
  static constexpr unsigned kPlaces = 256;
  static constexpr std::uint64_t kMaxMemory = 256 << 20;     // that one ring holds in place, and of it ...
  static constexpr std::uint64_t kLargestRegion = 64 << 20;  // so much at most in one piece: a worker waits for it

  RingTable(io_uring& ring, unsigned worker, Kind kind) : ring_(&ring), worker_(worker), kind_(kind) {}
  RingTable(const RingTable&) = delete;
  RingTable& operator=(const RingTable&) = delete;

  unsigned worker() const noexcept { return worker_; }
  unsigned used() const;

  static constexpr int kNone = -1;
  int add(int fd);                  // the place, or kNone
  int add(const iovec& region);     // the same
  void remove(int place) noexcept;  // operations under way keep what they use
  void close() noexcept;            // the ring is about to go, and with it all places

 private:
  int take_place(std::uint64_t bytes);
  bool make_table();
  bool update(int place, int fd, const iovec& region) noexcept;

  mutable std::mutex mutex_;
  io_uring* ring_;
  const unsigned worker_;
  const Kind kind_;
  bool refused_ = false;  // the kernel has no such tables
  std::uint64_t bytes_ = 0;
  std::vector<std::uint64_t> bytes_at_;  // by place
  std::vector<int> free_;
};

// One file or region, and its places in the rings of the workers that have used it. It gives them up when it ends: the
// file is still open then, and the memory still mapped.
class Registration {
 public:
  explicit Registration(int fd) : fd_(fd) {}
  Registration(void* data, std::size_t size) : region_{data, size} {}
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration();

  bool contains(const void* data, std::uint64_t size) const noexcept {
    const auto offset = reinterpret_cast<std::uintptr_t>(data) - reinterpret_cast<std::uintptr_t>(region_.iov_base);
    return offset <= region_.iov_len && size <= region_.iov_len - offset;
  }

  // On the thread of the table's worker, for an operation on so many bytes: the place, or kNone. A file gets one at
  // once. Memory does when as many bytes as it has went through it: that is when holding it in place has paid.
  int place_in(const std::shared_ptr<RingTable>& table, std::uint64_t bytes) {
    const std::int16_t known = places_[table->worker()].load(std::memory_order_relaxed);
    return known > 0 ? known - 1 : find_place(table, bytes);
  }

 private:
  static constexpr unsigned kMaxWorkers = 64;
  static constexpr std::int16_t kRefused = -1;

  int find_place(const std::shared_ptr<RingTable>& table, std::uint64_t bytes);

  const int fd_ = -1;
  const iovec region_{};
  std::atomic<std::uint64_t> moved_{0};                          // bytes, since a place was last asked for
  std::array<std::atomic<std::int16_t>, kMaxWorkers> places_{};  // by worker, plus 1; 0: none yet
  std::mutex mutex_;
  std::vector<std::shared_ptr<RingTable>> tables_;  // those in which it has a place
};

}  // namespace chi::runtime
