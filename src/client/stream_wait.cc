// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Waiting: a bounded spin, then sleep on the stream's futex, in steps after each of which the daemon's life and the
// calls' own deadlines are looked at.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/asymmetric_fence.h"
#include "client/flush_in_steps.h"
#include "client/session.h"
#include "client/stream_hot.h"

namespace chi::client {
namespace {

constexpr std::uint64_t kStepNs = 200'000'000;  // longest sleep without a look at the daemon
constexpr std::uint64_t kNapNs = 1'000'000;
constexpr std::uint64_t kSettleNs = 1'000;  // store buffers are empty much earlier
constexpr std::uint64_t kCheckEveryNs = 200'000'000;
constexpr unsigned kEagerTurns = 256;  // without a pause, which costs as much as a round trip may
constexpr unsigned kTurnsBetweenClocks = 64;
constexpr std::uint64_t kLeastSpinNs = 1'000;
constexpr std::uint64_t kSharedSpinNs = 20'000;  // however many calls are under way: batches of small ones take some

// Returns at once unless `word` still holds `expected`. Not FUTEX_PRIVATE: the daemon wakes it.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint64_t limit_ns) {
  timespec limit{static_cast<std::time_t>(limit_ns / 1'000'000'000), static_cast<long>(limit_ns % 1'000'000'000)};
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT, expected, &limit, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

}  // namespace

std::size_t Stream::poll() {
  std::size_t count = receive();
  std::uint64_t now = coarse_now();
  if (now >= next_check_ns_) look_after(now);
  return count;
}

std::size_t Stream::poll_for(std::chrono::nanoseconds limit) {
  std::size_t count = poll();
  auto reached = [this] { return loop_.has_ready() || woken_.load(); };
  if (!reached() && awaited_ > 0 && limit.count() > 0) {
    if (live()) {
      wait_until(reached, std::min(precise_now() + bounded_ns(limit), loop_.next_timer()));
    } else {
      check();  // ends the calls of a daemon that has gone
    }
  }
  woken_.store(false);
  return count;
}

// What the daemon does to wake a thread; the flag is for one that is about to sleep.
void Stream::wake() noexcept {
  if (inherited()) return;
  if (woken_.exchange(true)) return;
  std::lock_guard lock(foreign_mutex_);
  if (!segment_.data()) return;
  if (shared().client_waits.exchange(0) != 0) futex_wake(shared().client_waits);
}

void Stream::check() { look_after(precise_now()); }

bool Stream::wait_until(FunctionRef<bool()> reached, std::uint64_t until_ns, unsigned first) {
  if (has_foreign_.load(std::memory_order_acquire)) take_foreign();
  receive_active(first);
  retry_all();
  if (reached()) return true;
  if (until_ns == 0) {
    poll();
    return reached();
  }
  std::uint64_t started_ns = 0;
  if (spin_ns_ > 0 && spin(reached, until_ns, first, started_ns)) return true;
  if (started_ns == 0) started_ns = precise_now();
  bool success = sleep(reached, until_ns);
  // Where the answer came when a full spin would have seen it, spinning pays the next time; else less and less.
  bool near = precise_now() - started_ns <= longest_spin_ns_;
  spin_ns_ = near ? longest_spin_ns_ : spin_ns_ / 2 < kLeastSpinNs ? 0 : spin_ns_ / 2;
  return success;
}

// The more calls are under way, the less is lost by sleeping: the daemon has work meanwhile.
bool Stream::spin(FunctionRef<bool()> reached, std::uint64_t until_ns, unsigned first, std::uint64_t& started_ns) {
  const std::uint64_t share = spin_ns_ / std::max<std::uint64_t>(unanswered_, 1);
  const std::uint64_t longest = std::max(share, std::min(spin_ns_, kSharedSpinNs));
  for (unsigned turn = 1;; ++turn) {
    if (turn > kEagerTurns) cpu_relax();
    if (receive_active(first) != 0) {
      retry_all();
      if (reached()) return true;
    } else if (first < channels_.size() && channels_[first].outstanding == 1) {
      channels_[first].reader.expect();
    }
    if (turn < kEagerTurns || turn % kTurnsBetweenClocks != 0) continue;
    std::uint64_t now = precise_now();
    if (started_ns == 0) started_ns = now;
    if (now - started_ns >= longest || now >= until_ns) return false;
  }
}

// The first time a nap, which needs no fence of the daemon: what a worker stored before it could see `client_waits`
// arrives while this one settles; what did not, against all that is known of store buffers, is found after the nap.
bool Stream::sleep(FunctionRef<bool()> reached, std::uint64_t until_ns) {
  for (bool nap = true; live(); nap = false) {
    std::shared_ptr<Connection> connection = connection_;  // a retry may put another in its place
    std::atomic<std::uint32_t>& waits = shared().client_waits;
    waits.store(1, std::memory_order_relaxed);
    if (nap) {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    } else {
      heavy_fence();
    }
    receive();
    for_each_channel(used_, [&](unsigned number) { channels_[number].reader.publish_head(); });
    bool success = reached();
    std::uint64_t now = precise_now();
    for (const std::uint64_t end = now + kSettleNs; nap && !success && now < end; now = precise_now()) {
      cpu_relax();
      receive();
      success = reached();
    }
    bool late = now >= until_ns;
    if (!success && !late && connection == connection_)
      futex_wait(waits, 1, std::min(until_ns - now, nap ? kNapNs : kStepNs));
    if (connection == connection_) waits.store(0, std::memory_order_relaxed);
    if (success) return true;
    receive();
    if (reached()) return true;
    check();
    if (reached()) return true;
    if (late) return false;
  }
  check();
  return reached();
}

void Stream::look_after(std::uint64_t now_ns) {
  next_check_ns_ = now_ns + kCheckEveryNs;
  if (connection_ && !connection_->check()) {
    receive();  // what it said before it went
    fail_all(Connection::lost());
  } else if (connection_) {
    flush_releases();
  }
  expire(now_ns);
}

// The daemon answers at the deadline; where it does not, the caller is answered here, and the entry stays until the
// daemon is done with it.
void Stream::expire(std::uint64_t now_ns) {
  for (std::uint32_t i = 0; i < entry_count_; ++i) {
    Entry& entry = entries_[i];
    if (!entry.waits() || now_ns < entry.deadline_ns + kGraceNs) continue;
    settle_locally(entry,
                   {Code::deadline_exceeded,
                    "no answer by the call's deadline, and a grace; whether it took effect is unknown", "client"});
  }
}

bool Stream::wait(std::uint64_t sequence, std::chrono::nanoseconds limit) {
  auto answered = [&] { return entry_of(sequence).is(kAnswered); };
  if (!mine() || answered()) return true;
  std::uint64_t longest = entry_of(sequence).deadline_ns + kGraceNs;
  std::uint64_t until = 0;
  if (limit.count() > 0) {
    bool whole = limit == std::chrono::nanoseconds::max();
    until = whole ? longest : std::min(longest, precise_now() + bounded_ns(limit));
  }
  if (wait_until(answered, until, entry_of(sequence).channel)) return true;
  if (until == longest) expire(longest);
  return answered();
}

thread_local FlushStep* flush_step = nullptr;

Status Stream::flush(const PoolState* pool) {
  auto done = [&] {
    if (!pool) return unanswered_ == 0;
    for (std::uint32_t i = 0; i < entry_count_; ++i) {
      if (entries_[i].waits() && !entries_[i].is(kRepeats) && entries_[i].pool == pool) return false;
    }
    return true;
  };
  FlushStep* const step = std::exchange(flush_step, nullptr);
  if (!wait_until(done, step ? step->until_ns : kForever)) {  // each call ends by its own deadline
    if (step) step->over = true;
    return {};
  }
  Status out = lost_ ? Status(*lost_) : Status();
  lost_.reset();
  return out;
}

}  // namespace chi::client
