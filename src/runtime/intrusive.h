// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lists whose links are members of what they hold: no allocation, removal in constant time. Not thread-safe; they own
// nothing.
#pragma once

#include <initializer_list>

namespace chi::runtime {

// First in, first out; T has a member of type T* that `Link` names.
template <class T, T* T::* Link>
class Queue {
 public:
  bool empty() const noexcept { return head_ == nullptr; }
  T* front() const noexcept { return head_; }

  void push(T* item) noexcept {
    item->*Link = nullptr;
    if (head_) {
      tail_->*Link = item;
    } else {
      head_ = item;
    }
    tail_ = item;
  }

  T* pop() noexcept {
    T* item = head_;
    if (item) head_ = item->*Link;
    return item;
  }

  // Takes `item` out; false when it is not in the queue. Linear: for rare ends such as a cancellation.
  bool remove(T* item) noexcept {
    T* before = nullptr;
    for (T* at = head_; at; before = at, at = at->*Link) {
      if (at != item) continue;
      (before ? before->*Link : head_) = at->*Link;
      if (tail_ == at) tail_ = before;
      return true;
    }
    return false;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
};

// A ring of nodes; an unlinked node points at itself.
struct ListNode {
  ListNode* previous = this;
  ListNode* next = this;

  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const noexcept { return next != this; }
  void unlink() noexcept {
    previous->next = next;
    next->previous = previous;
    previous = next = this;
  }
  void insert_before(ListNode& position) noexcept {
    previous = position.previous;
    next = &position;
    previous->next = this;
    position.previous = this;
  }
};

// A list of T, which derives from ListNode.
template <class T>
class List {
 public:
  bool empty() const noexcept { return !head_.linked(); }
  T* front() const noexcept { return empty() ? nullptr : static_cast<T*>(head_.next); }
  void push_back(T* item) noexcept { static_cast<ListNode*>(item)->insert_before(head_); }

  // Calls `visit(item)` for each; it may unlink the item that it is given, but no other.
  template <class F>
  void for_each(F visit) const {
    for (ListNode* at = head_.next; at != &head_;) {
      ListNode* following = at->next;
      visit(*static_cast<T*>(at));
      at = following;
    }
  }

  // The item that `is_it`, or null; at first those at both ends are asked.
  template <class F>
  T* find(F is_it) const {
    ListNode* last = head_.previous;
    for (ListNode* first = head_.next; first != &head_; first = first->next, last = last->previous) {
      for (ListNode* at : {first, last}) {
        if (is_it(*static_cast<const T*>(at))) return static_cast<T*>(at);
      }
      if (first == last || first->next == last) break;
    }
    return nullptr;
  }

 private:
  ListNode head_;
};

}  // namespace chi::runtime
