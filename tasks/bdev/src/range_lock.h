// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Ranges of a volume that are being read (by many) or changed (by one). First come, first served: who waits is not
// overtaken by those that come later and overlap. Belongs to one lane, as everything of a container.
//
//   auto held = locks.try_lock(range, RangeLock::Mode::exclusive);
//   if (!held.held()) held = co_await locks.lock(range, mode);       // needs a statement of its own
#pragma once

#include <chimaera/event.h>
#include <chimaera/task.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <span>
#include <utility>
#include <vector>

#include "bdev_format/allocation_map.h"

namespace bdev {

class RangeLock {
 public:
  enum class Mode { shared, exclusive };

  // Held ranges, let go of at its end.
  class [[nodiscard]] Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)), id_(other.id_) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(lock_, other.lock_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Hold() {
      if (lock_) lock_->release(id_);
    }
    bool held() const noexcept { return lock_ != nullptr; }

   private:
    friend class RangeLock;
    Hold(RangeLock* lock, std::uint64_t id) noexcept : lock_(lock), id_(id) {}
    RangeLock* lock_ = nullptr;
    std::uint64_t id_ = 0;
  };

  // All at once, or nothing. Not held() when somebody else is in the way.
  Hold try_lock(std::span<const Range> ranges, Mode mode) {
    if (!is_clear(ranges, mode, waiting_.end())) return {};
    return Hold(this, add(ranges, mode));
  }
  Hold try_lock(const Range& range, Mode mode) { return try_lock(std::span(&range, 1), mode); }

  chi::Task<Hold> lock(std::vector<Range> ranges, Mode mode) {
    Hold free = try_lock(ranges, mode);
    if (free.held()) co_return std::move(free);
    Waiter self(*this, ranges, mode);
    co_await self.granted.wait();
    co_return Hold(this, std::exchange(self.id, 0));
  }

  // Whether try_lock would be given it: for what is over before anybody else runs.
  bool is_free(const Range& range, Mode mode) const noexcept {
    return (held_.empty() && waiting_.empty()) || is_clear(std::span(&range, 1), mode, waiting_.end());
  }

  std::size_t held() const noexcept { return held_.size(); }

 private:
  struct Entry {
    Range range;
    Mode mode;
    std::uint64_t id;
  };
  struct Waiter {
    Waiter(RangeLock& of, std::span<const Range> wanted, Mode how) : lock(of), ranges(wanted), mode(how) {
      place = lock.waiting_.insert(lock.waiting_.end(), this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
      if (!granted.is_set()) lock.waiting_.erase(place);
      if (id != 0) lock.release(id);
    }
    RangeLock& lock;
    std::span<const Range> ranges;
    Mode mode;
    std::uint64_t id = 0;  // once granted
    chi::Event granted;
    std::list<Waiter*>::iterator place;
  };
  using Waiters = std::list<Waiter*>;

  static bool in_the_way(const Range& a, Mode mode_a, const Range& b, Mode mode_b) noexcept {
    return a.overlaps(b) && (mode_a == Mode::exclusive || mode_b == Mode::exclusive);
  }

  // Neither held nor wanted by those who wait before `end`.
  bool is_clear(std::span<const Range> ranges, Mode mode, Waiters::const_iterator end) const noexcept {
    for (const Range& range : ranges) {
      for (const Entry& entry : held_) {
        if (in_the_way(range, mode, entry.range, entry.mode)) return false;
      }
      for (auto waiter = waiting_.begin(); waiter != end; ++waiter) {
        for (const Range& other : (*waiter)->ranges) {
          if (in_the_way(range, mode, other, (*waiter)->mode)) return false;
        }
      }
    }
    return true;
  }

  std::uint64_t add(std::span<const Range> ranges, Mode mode) {
    const std::uint64_t id = ++last_id_;
    for (const Range& range : ranges) held_.push_back({range, mode, id});
    return id;
  }

  void release(std::uint64_t id) {
    std::erase_if(held_, [id](const Entry& entry) { return entry.id == id; });
    for (auto next = waiting_.begin(); next != waiting_.end();) {
      Waiter& waiter = **next;
      if (!is_clear(waiter.ranges, waiter.mode, next)) {
        ++next;
        continue;
      }
      waiter.id = add(waiter.ranges, waiter.mode);
      next = waiting_.erase(next);
      waiter.granted.set();
    }
  }

  std::vector<Entry> held_;
  Waiters waiting_;
  std::uint64_t last_id_ = 0;
};

}  // namespace bdev
