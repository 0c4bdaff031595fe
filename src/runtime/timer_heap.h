// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Timers of one worker, the earliest first. A node knows its place, so that it can be taken out in O(log n); a timer
// later than all others, as deadlines mostly are, goes in in O(1). Not thread-safe; owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace chi::runtime {

struct TimerNode {
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  std::uint64_t at_ns = 0;
  std::size_t place = kNowhere;
  void (*fire)(TimerNode&) = nullptr;  // called with the node out of the heap

  bool armed() const noexcept { return place != kNowhere; }
};

class TimerHeap {
 public:
  bool empty() const noexcept { return nodes_.empty(); }
  std::size_t size() const noexcept { return nodes_.size(); }

  // Of the earliest timer. Precondition: !empty().
  std::uint64_t next_ns() const noexcept { return nodes_.front()->at_ns; }

  // Precondition: !node.armed(). Throws std::bad_alloc, and then has changed nothing.
  void add(TimerNode& node) {
    nodes_.push_back(&node);
    node.place = nodes_.size() - 1;
    up(node.place);
  }

  void remove(TimerNode& node) noexcept {
    if (!node.armed()) return;
    std::size_t place = std::exchange(node.place, TimerNode::kNowhere);
    TimerNode* last = nodes_.back();
    nodes_.pop_back();
    if (last == &node) return;
    put(place, last);
    up(place);
    down(last->place);
  }

  // The earliest timer, taken out, if it is due at `now`; else null.
  TimerNode* pop_due(std::uint64_t now) noexcept {
    if (nodes_.empty() || nodes_.front()->at_ns > now) return nullptr;
    TimerNode* node = nodes_.front();
    remove(*node);
    return node;
  }

 private:
  void put(std::size_t place, TimerNode* node) noexcept {
    nodes_[place] = node;
    node->place = place;
  }

  void up(std::size_t place) noexcept {
    TimerNode* node = nodes_[place];
    while (place > 0) {
      std::size_t parent = (place - 1) / 2;
      if (nodes_[parent]->at_ns <= node->at_ns) break;
      put(place, nodes_[parent]);
      place = parent;
    }
    put(place, node);
  }

  void down(std::size_t place) noexcept {
    TimerNode* node = nodes_[place];
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child >= nodes_.size()) break;
      if (child + 1 < nodes_.size() && nodes_[child + 1]->at_ns < nodes_[child]->at_ns) ++child;
      if (nodes_[child]->at_ns >= node->at_ns) break;
      put(place, nodes_[child]);
      place = child;
    }
    put(place, node);
  }

  std::vector<TimerNode*> nodes_;
};

}  // namespace chi::runtime
