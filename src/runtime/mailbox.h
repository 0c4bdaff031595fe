// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What crosses from thread to thread inside a node: letters that run on the worker that they are sent to, in the order
// in which each sender sent them.
#pragma once

#include <atomic>
#include <utility>

namespace chi::runtime {

class Worker;

// Delivered once, on the receiving worker's thread; disposes of itself there.
struct Mail {
  Mail* next_mail = nullptr;
  virtual void deliver(Worker& worker) = 0;

 protected:
  ~Mail() = default;
};

// Any thread sends; one thread at a time receives.
class Mailbox {
 public:
  void send(Mail* mail) noexcept {
    Mail* head = head_.load(std::memory_order_relaxed);
    do {
      mail->next_mail = head;
    } while (!head_.compare_exchange_weak(head, mail, std::memory_order_release, std::memory_order_relaxed));
  }

  bool empty() const noexcept { return head_.load(std::memory_order_acquire) == nullptr; }

  // All letters there are, oldest first, linked by next_mail; null when there is none.
  Mail* take_all() noexcept {
    Mail* newest = head_.exchange(nullptr, std::memory_order_acquire);
    Mail* oldest = nullptr;
    while (newest) {
      Mail* following = std::exchange(newest->next_mail, oldest);
      oldest = newest;
      newest = following;
    }
    return oldest;
  }

 private:
  std::atomic<Mail*> head_{nullptr};
};

// A letter that calls a function.
template <class F>
struct FunctionMail final : Mail {
  explicit FunctionMail(F f) : function(std::move(f)) {}
  void deliver(Worker& worker) override {
    F f = std::move(function);
    delete this;
    f(worker);
  }
  F function;
};

template <class F>
Mail* make_mail(F f) {
  return new FunctionMail<F>(std::move(f));
}

}  // namespace chi::runtime
