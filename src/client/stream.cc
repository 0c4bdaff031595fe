// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A stream's begin and end, and what other threads may do with its Futures.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/usable_cpus.h"
#include "client/session.h"
#include "client/stream_hot.h"

namespace chi::client {

constinit thread_local ThreadCache thread_cache{0, nullptr};

Stream::Stream(Session& session, std::uint32_t number)
    : session_(&session),
      number_(number),
      entries_(std::make_unique<Entry[]>(kFirstEntries)),
      wide_(std::make_unique_for_overwrite<Wide[]>(kFirstEntries)),
      longest_spin_ns_(usable_cpus() == 1 ? 0 : bounded_ns(session.options().spin)),
      spin_ns_(longest_spin_ns_) {
  words_[1] = 1;
}

Stream::~Stream() = default;

void Stream::attach(std::shared_ptr<Connection> connection, StreamMemory memory) {
  if (connection_) fail_all(Connection::lost());
  {
    std::lock_guard lock(foreign_mutex_);
    segment_ = std::move(memory.segment);
  }
  id_ = memory.id;
  drop_channels();
  for (std::uint32_t i = 0; i < connection->workers() * shm::kPriorities; ++i) {
    channels_.emplace_back(shared().channels[i]);
  }
  for (std::uint32_t i = 0; i < entry_count_; ++i) {
    if (entries_[i].is(kBusy)) entries_[i].channel = 0;
  }
  connection_ = std::move(connection);
  daemon_clock_ahead_ns_ = connection_->daemon_clock_ahead_ns();
}

void Stream::drop_channels() noexcept {
  channels_.clear();
  std::fill(std::begin(active_), std::end(active_), 0);
  std::fill(std::begin(used_), std::end(used_), 0);
}

void Stream::detach() {
  for (std::uint32_t i = 0; i < entry_count_; ++i) {
    if (entries_[i].is(kBusy) && !entries_[i].is(kOver)) return;
  }
  if (!live()) return;
  connection_->close_stream(id_);
  connection_.reset();
  drop_channels();
  std::lock_guard lock(foreign_mutex_);
  segment_ = shm::Segment();
}

void Stream::fail_all(const Error& error) {
  for (std::uint32_t i = 0; i < entry_count_; ++i) {
    Entry& entry = entries_[i];
    if (entry.waits()) settle_locally(entry, error);
    if (entry.is(kBusy) && !entry.is(kOver)) end(entry);
  }
  retries_.clear();
}

bool Stream::close() {
  take_foreign();
  std::lock_guard lock(foreign_mutex_);
  for (std::uint32_t i = 0; i < entry_count_; ++i) {
    // Nobody drives its coroutines any more: they end with the Tasks that own them.
    if (entries_[i].extra) entries_[i].extra->continuation = nullptr;
  }
  fail_all({Code::unavailable, "the client was closed before the answer came", "client"});
  session_ = nullptr;
  connection_.reset();
  orphaned_ = true;
  return live_ == 0;
}

// Of a thread that is not the owner, or after the session's end.
void Stream::give_back_slowly(std::uint64_t sequence) noexcept {
  if (inherited()) return;
  std::unique_lock lock(foreign_mutex_);
  if (!orphaned_) {
    foreign_.push_back(sequence);
    has_foreign_.store(true, std::memory_order_release);
    return;
  }
  drop(entry_of(sequence));
  bool last = --live_ == 0;
  lock.unlock();
  if (last) delete this;
}

void Stream::take_foreign() {
  std::lock_guard lock(foreign_mutex_);
  has_foreign_.store(false, std::memory_order_relaxed);
  for (std::uint64_t sequence : std::exchange(foreign_, {})) {
    --live_;
    drop(entry_of(sequence));
  }
}

}  // namespace chi::client
