// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The tables, by the system call itself where liburing would raise the process's limit of open files on the way.
#include "runtime/registration.h"

namespace chi::runtime {

unsigned RingTable::used() const {
  std::lock_guard lock(mutex_);
  return static_cast<unsigned>(bytes_at_.size() - free_.size());
}

// Under the mutex.
bool RingTable::make_table() {
  if (!bytes_at_.empty()) return true;
  if (refused_) return false;
  io_uring_rsrc_register table{};
  table.nr = kPlaces;
  table.flags = IORING_RSRC_REGISTER_SPARSE;
  const unsigned kind = kind_ == Kind::files ? IORING_REGISTER_FILES2 : IORING_REGISTER_BUFFERS2;
  refused_ = ::io_uring_register(static_cast<unsigned>(ring_->ring_fd), kind, &table, sizeof table) != 0;
  if (refused_) return false;
  bytes_at_.resize(kPlaces);
  for (int place = kPlaces; place > 0; --place) free_.push_back(place - 1);
  return true;
}

bool RingTable::update(int place, int fd, const iovec& region) noexcept {
  const auto at = static_cast<unsigned>(place);
  if (kind_ == Kind::files) return io_uring_register_files_update(ring_, at, &fd, 1) == 1;
  constexpr __u64 kNoTag = 0;
  return io_uring_register_buffers_update_tag(ring_, at, &region, &kNoTag, 1) == 1;
}

// Under the mutex.
int RingTable::take_place(std::uint64_t bytes) {
  if (!ring_ || !make_table() || free_.empty() || bytes > kLargestRegion || bytes > kMaxMemory - bytes_) return kNone;
  const int place = free_.back();
  free_.pop_back();
  bytes_at_[static_cast<std::size_t>(place)] = bytes;
  bytes_ += bytes;
  return place;
}

int RingTable::add(int fd) {
  std::lock_guard lock(mutex_);
  const int place = take_place(0);
  if (place == kNone || update(place, fd, {})) return place;
  free_.push_back(place);
  return kNone;
}

int RingTable::add(const iovec& region) {
  std::lock_guard lock(mutex_);
  const int place = take_place(region.iov_len);
  if (place == kNone || update(place, -1, region)) return place;
  bytes_ -= region.iov_len;  // beyond RLIMIT_MEMLOCK, most likely
  free_.push_back(place);
  return kNone;
}

void RingTable::remove(int place) noexcept {
  std::lock_guard lock(mutex_);
  if (!ring_ || !update(place, -1, {})) return;
  bytes_ -= bytes_at_[static_cast<std::size_t>(place)];
  free_.push_back(place);  // there is room: it was in there before
}

void RingTable::close() noexcept {
  std::lock_guard lock(mutex_);
  ring_ = nullptr;
}

Registration::~Registration() {
  for (const auto& table : tables_) table->remove(places_[table->worker()].load(std::memory_order_relaxed) - 1);
}

int Registration::find_place(const std::shared_ptr<RingTable>& table, std::uint64_t bytes) {
  std::atomic<std::int16_t>& known = places_[table->worker()];
  if (known.load(std::memory_order_relaxed) == kRefused) return RingTable::kNone;
  const bool file = region_.iov_len == 0;
  if (!file) {
    if (moved_.fetch_add(bytes, std::memory_order_relaxed) + bytes < region_.iov_len) return RingTable::kNone;
    moved_.store(0, std::memory_order_relaxed);  // where it is refused: so long until the next attempt
  }
  std::lock_guard lock(mutex_);
  tables_.reserve(tables_.size() + 1);
  const int place = file ? table->add(fd_) : table->add(region_);
  if (place == RingTable::kNone) {
    if (file) known.store(kRefused, std::memory_order_relaxed);
    return RingTable::kNone;
  }
  tables_.push_back(table);
  known.store(static_cast<std::int16_t>(place + 1), std::memory_order_relaxed);
  return place;
}

}  // namespace chi::runtime
