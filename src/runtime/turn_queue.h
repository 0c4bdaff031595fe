// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A queue in which callers take turns: each caller's items come out in the order in which they went in, and between two
// items of one caller each other one that waits has an item out. So who puts hundreds in does not hold up who puts in
// one.
//
// Round robin, with a row for each caller; push and pop take constant time on average, however many callers there are.
// Not thread-safe; it does not own the items.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "runtime/intrusive.h"

namespace chi::runtime {

// T has a member of type T* that `Link` names, and one that `Caller` names, which stays the same while it is in here.
template <class T, T* T::* Link, std::uint64_t T::* Caller>
class TurnQueue {
 public:
  TurnQueue() = default;
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  bool empty() const noexcept { return size_ == 0; }
  std::uint32_t size() const noexcept { return size_; }

  void push(T* item) {
    Row& row = row_of(item->*Caller);
    if (row.items.empty()) {
      turns_.push(&row);
      ++waiting_;
    }
    row.items.push(item);
    ++size_;
  }

  T* pop() noexcept {
    Row* row = turns_.pop();
    if (!row) return nullptr;
    T* item = row->items.pop();
    --size_;
    if (row->items.empty()) {
      emptied(*row);
    } else {
      turns_.push(row);
    }
    return item;
  }

  // Takes `item` out; false when it is not in here. Linear in its row: for rare ends such as a cancellation.
  bool remove(T* item) noexcept {
    auto found = rows_.find(item->*Caller);
    if (found == rows_.end() || !found->second.items.remove(item)) return false;
    --size_;
    if (found->second.items.empty()) {
      turns_.remove(&found->second);
      emptied(found->second);
    }
    return true;
  }

 private:
  // Empty rows that are kept for the next item of their callers.
  static constexpr std::size_t kSpareRows = 4;

  struct Row {
    std::uint64_t caller = 0;
    Queue<T, Link> items;
    Row* next = nullptr;
  };

  Row& row_of(std::uint64_t caller) {
    if (recent_ && recent_->caller == caller) return *recent_;
    recent_ = &rows_.try_emplace(caller).first->second;
    recent_->caller = caller;
    return *recent_;
  }

  void emptied(Row& row) noexcept {
    --waiting_;
    if (rows_.size() <= kSpareRows + 2 * waiting_) return;
    if (recent_ == &row) recent_ = nullptr;
    rows_.erase(row.caller);
  }

  std::unordered_map<std::uint64_t, Row> rows_;
  Queue<Row, &Row::next> turns_;  // those with items
  std::size_t waiting_ = 0;       // how many these are
  std::uint32_t size_ = 0;
  Row* recent_ = nullptr;  // the one that was put into last
};

}  // namespace chi::runtime
