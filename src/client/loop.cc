// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements loop.h.
#include "client/loop.h"

#include <chimaera/result.h>

#include <algorithm>

#include "client/ticks.h"

namespace chi::client {
namespace {

struct Later {
  template <class T>
  bool operator()(const T& a, const T& b) const noexcept {
    return a.at_ns > b.at_ns;
  }
};

}  // namespace

Loop::Loop() {
  executor_.context = this;
  executor_.post = [](void* self, chi_work* work) { static_cast<Loop*>(self)->post(work); };
  executor_.now_ns = [](void*) { return precise_now(); };
  executor_.timer_start = [](void* self, chi_task*, std::uint64_t at_ns, chi_completion* done) {
    static_cast<Loop*>(self)->start_timer(at_ns, done);
  };
  executor_.timer_cancel = [](void* self, chi_completion* done) { static_cast<Loop*>(self)->cancel_timer(done); };
}

void Loop::post(chi_work* work) noexcept {
  work->next = nullptr;
  (last_ ? last_->next : first_) = work;
  last_ = work;
}

bool Loop::run() {
  fire_timers();
  if (!first_) return false;
  ScopeGuard guard(scope());
  chi_work* end = last_;
  for (bool more = true; more && first_;) {
    chi_work* work = first_;
    more = work != end;  // looked at before it runs: then its memory may be gone
    first_ = work->next;
    if (!first_) last_ = nullptr;
    work->run(work);
  }
  return true;
}

std::uint64_t Loop::next_timer() const noexcept { return timers_.empty() ? kForever : timers_.front().at_ns; }

void Loop::start_timer(std::uint64_t at_ns, chi_completion* done) {
  timers_.push_back({at_ns, done});
  std::push_heap(timers_.begin(), timers_.end(), Later());
}

void Loop::cancel_timer(chi_completion* done) noexcept {
  auto timer = std::find_if(timers_.begin(), timers_.end(), [done](const Timer& each) { return each.done == done; });
  if (timer == timers_.end()) return;
  timers_.erase(timer);
  std::make_heap(timers_.begin(), timers_.end(), Later());
  done->code = static_cast<std::int32_t>(Code::cancelled);
  post(&done->work);
}

void Loop::fire_timers() {
  if (timers_.empty()) return;
  std::uint64_t now = precise_now();
  while (!timers_.empty() && timers_.front().at_ns <= now) {
    chi_completion* done = timers_.front().done;
    std::pop_heap(timers_.begin(), timers_.end(), Later());
    timers_.pop_back();
    done->code = 0;
    post(&done->work);
  }
}

}  // namespace chi::client
