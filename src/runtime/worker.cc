// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The worker's loop: what it looks at, in which order, and when it sleeps.
#include "runtime/worker.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace chi::runtime {
namespace {

constexpr unsigned kChannelBudget = 32;                 // messages from one channel before the next has its turn
constexpr unsigned kLaneBudget = 64;                    // steps of low-latency lanes in one turn
constexpr unsigned kTimeEvery = 16;                     // turns between looks at the clock
constexpr unsigned kReactorEvery = 4;                   // turns between looks at the reactor
constexpr unsigned kBulkRounds = 16;                    // of high-throughput work in one turn, ...
constexpr unsigned kBulkBudget = 4;                     // each of so many messages,
constexpr std::uint64_t kBulkNs = 2'000;                // and not longer than this in all, ...
constexpr std::size_t kChannelsLookedAt = 8;            // nor beyond a low-latency task seen in so many channels
constexpr unsigned kEndedInATurn = 64;                  // calls of clients that have gone
constexpr std::uint64_t kLongestDeviceSpinNs = 10'000;  // most devices take longer; their interrupt wants the core
constexpr std::uint64_t kSettleNs = 1'000;              // store buffers are empty much earlier
constexpr std::uint64_t kNapNs = 1'000'000;
constexpr unsigned kTurnsToLearn = 16;  // idle ones, after which a look at the clock is worth it
constexpr unsigned kSettledTurns = 4;   // idle ones, after which no stream of messages is under way

}  // namespace

thread_local Driver* Driver::current_ = nullptr;

Worker::Worker(WorkerOptions options, WorkerSeams seams)
    : options_(std::move(options)),
      seams_(seams),
      never_sleep_(options_.never_sleep),
      now_ns_(seams.clock.now_ns()),
      idle_(options_.spin_ns),
      idle_at_device_(std::min(options_.spin_ns, kLongestDeviceSpinNs)) {}

Worker::~Worker() {
  for (auto& channels : channels_) channels.clear();  // while there are timers to be taken out of
  delete spare_;
}

void Worker::send(Mail* mail) noexcept {
  mailbox_.send(mail);
  light_fence();
  if (seams_.lanes.map().worker[options_.index].asleep.load(std::memory_order_relaxed)) seams_.reactor.wake();
}

void Worker::request_stop() noexcept {
  stop_.store(true, std::memory_order_release);
  seams_.reactor.wake();
}

void Worker::never_sleep(bool never) noexcept {
  never_sleep_.store(never, std::memory_order_relaxed);
  if (never) seams_.reactor.wake();
}

Worker::Turn Worker::turn() {
  unsigned handled = 0;
  ++turns_;
  if (turns_ % kReactorEvery == 0) handled += seams_.reactor.poll();
  if (turns_ % kTimeEvery == 0) fire_timers(handled);
  deliver_mail(handled);
  if (!jobs_.empty() && !run_jobs(handled)) return Turn::lost;
  if (!poll_channels(Priority::low_latency, handled)) return Turn::lost;
  const unsigned steps = std::exchange(just_woke_, false) ? 1 : kLaneBudget;
  if (!run_lanes(Priority::low_latency, steps, handled)) return Turn::lost;
  if (!run_high_throughput(handled)) return Turn::lost;
  if (some_channel_closed_) end_closed_channels(handled);
  return handled == 0 ? Turn::idle : Turn::busy;
}

void Worker::deliver_mail(unsigned& handled) {
  if (mailbox_.empty()) return;
  for (Mail* mail = mailbox_.take_all(); mail;) {
    Mail* following = mail->next_mail;
    mail->deliver(*this);
    mail = following;
    ++handled;
  }
  if (std::exchange(gave_lane_, false)) std::this_thread::yield();  // the new owner may be waiting for this very CPU
}

bool Worker::run_jobs(unsigned& handled) {
  while (StepJob* job = jobs_.pop()) {
    if (!run_step(job->container, nullptr, LaneMeter::always(), [job] { job->run(); })) {
      run([job](Worker& worker) {
        if (job->container) worker.orphan_ended(job->container, nullptr, false, {});
        job->done(worker);
      });
      return false;
    }
    job->done(*this);
    ++handled;
  }
  return true;
}

void Worker::fire_timers(unsigned& handled) {
  meter_.clock(refresh_now());
  while (TimerNode* timer = timers_.pop_due(now_ns_)) {
    timer->fire(*timer);
    ++handled;
  }
}

// One channel's turn is bounded by number, and beside others by time as well: so a client with many long calls under
// way does not hold up one with a single call.
bool Worker::poll_channels(Priority priority, unsigned& handled) {
  auto& channels = channels_[static_cast<int>(priority)];
  const unsigned most = priority == Priority::low_latency ? kChannelBudget : kBulkBudget;
  const bool alone = channels.size() == 1;
  for (auto& channel : channels) {
    if (!channel->rests(now_ns_) && channel->ready()) {
      const Ticks begin = alone ? Ticks() : Ticks::now();
      unsigned taken = channel->poll(alone ? most : std::min(most, channel->share()));
      if (taken == ClientChannel::kLost) return false;
      if (!alone) channel->took(taken, Ticks::now().ns_since(begin));
      handled += taken;
    }
    if (channel->dirty()) channel->flush();
  }
  return true;
}

bool Worker::run_lanes(Priority priority, unsigned limit, unsigned& handled) {
  Runnable& list = runnable_[static_cast<int>(priority)];
  for (unsigned ran = 0; list.head && ran < limit;) {
    Container& container = *list.head;
    list.head = container.lanes[static_cast<int>(priority)].next_runnable;
    unsigned before = ran;
    if (!run_lane(container, priority, limit, ran)) return false;
    handled += ran - before;
  }
  return true;
}

bool Worker::run_high_throughput(unsigned& handled) {
  constexpr auto kPriority = Priority::high_throughput;
  if (channels_[1].empty() && !runnable_[1].head) return true;
  std::uint64_t start = 0;
  for (unsigned round = 0; round < kBulkRounds; ++round) {
    unsigned done = 0;
    if (!poll_channels(kPriority, done) || !run_lanes(kPriority, kBulkBudget, done)) return false;
    handled += done;
    if (done == 0) return true;
    std::uint64_t now = seams_.clock.now_ns();
    if (start == 0) {
      start = now;
    } else if (now - start > kBulkNs) {
      return true;
    }
    if (low_latency_waits()) return true;
  }
  return true;
}

// Looks at so many channels only that the look costs less than what it interrupts; each turn sees them all.
bool Worker::low_latency_waits() noexcept {
  if (runnable_[0].head) return true;
  const auto& channels = channels_[0];
  for (std::size_t i = 0; i < std::min(kChannelsLookedAt, channels.size()); ++i) {
    if (++looked_at_ >= channels.size()) looked_at_ = 0;
    if (channels[looked_at_]->ready()) return true;
  }
  return false;
}

void Worker::expect_messages() const noexcept {
  const auto& channels = channels_[0];
  for (std::size_t i = 0; i < std::min(kChannelsLookedAt, channels.size()); ++i) channels[i]->expect(now_ns_);
}

bool Worker::anything_ready() const noexcept {
  if (!mailbox_.empty() || !jobs_.empty() || runnable_[0].head || runnable_[1].head) return true;
  for (auto& channels : channels_) {
    for (auto& channel : channels) {
      if (channel->ready() || channel->dirty()) return true;
    }
  }
  return false;
}

// A nap needs no fence of the others: what they stored before they could see `asleep` arrives while this one settles,
// and what did not, against all that is known of store buffers, is found when the nap is over.
void Worker::sleep_until_work(Sleep how) {
  auto& asleep = seams_.lanes.map().worker[options_.index].asleep;
  asleep.store(1, std::memory_order_relaxed);
  if (how == Sleep::nap) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    for (std::uint64_t end = refresh_now() + kSettleNs; refresh_now() < end && !anything_ready();) cpu_relax();
  } else {
    heavy_fence();
  }
  unsigned handled = 0;
  fire_timers(handled);
  if (handled == 0 && !anything_ready() && !stop_.load(std::memory_order_acquire)) {
    counts_.sleeps.fetch_add(1, std::memory_order_relaxed);
    std::uint64_t until = timers_.empty() ? 0 : timers_.next_ns();
    if (how == Sleep::nap) until = until == 0 ? now_ns_ + kNapNs : std::min(until, now_ns_ + kNapNs);
    seams_.reactor.wait(until);
  }
  asleep.store(0, std::memory_order_relaxed);
  just_woke_ = true;
  if (!options_.woke) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);  // the monitor says that it rests, and then looks who is awake
  options_.woke();
}

void Worker::drive() {
  std::uint64_t idle_since = 0;
  unsigned idle_turns = 0;
  bool slept = false;
  IdlePolicy* policy = &idle_;  // of what it waits for
  while (!stop_.load(std::memory_order_relaxed)) {
    Turn result = turn();
    if (result == Turn::lost) return;
    if (result == Turn::busy) {
      if (slept) {
        policy->woke_after(refresh_now() - idle_since);
      } else if (idle_turns > kTurnsToLearn) {
        policy->caught_after(refresh_now() - idle_since);
      }
      slept = false;
      idle_since = 0;
      idle_turns = 0;
      continue;
    }
    if (idle_turns >= kSettledTurns) expect_messages();
    if (never_sleeps() || ++idle_turns % 8 != 1) {
      cpu_relax();
      continue;
    }
    std::uint64_t now = seams_.clock.now_ns();
    if (now < expects_until_ns_) continue;
    if (idle_since == 0) idle_since = now;
    if (!slept) policy = seams_.reactor.device_at_work() ? &idle_at_device_ : &idle_;
    if (!slept && now - idle_since < policy->spin_ns()) continue;
    sleep_until_work(slept ? Sleep::deep : Sleep::nap);
    slept = true;
    idle_turns = 0;
  }
}

PoolId Worker::find_pool_id(std::string_view name) const noexcept {
  for (auto& [id, pool] : pools_) {
    if (pool->name == name) return id;
  }
  return kNoPool;
}

void Worker::remove_pool(const Pool* pool) {
  pools_.erase(pool->id);
  if (trace_) trace_->remember(*pool);
  meter_.forget_methods();
  for (auto& channels : channels_) {
    for (auto& channel : channels) channel->forget_pool(pool);
  }
}

void Worker::add_channel(std::unique_ptr<ClientChannel> channel) {
  auto& channels = channels_[static_cast<int>(channel->priority())];
  channels.push_back(std::move(channel));
}

void Worker::close_channels(const ClientStream& stream) {
  for (auto& channels : channels_) {
    for (auto& channel : channels) {
      if (&channel->stream() == &stream) channel->close();
    }
  }
  some_channel_closed_ = true;
}

void Worker::close_session(const Session& session) {
  for (auto& channels : channels_) {
    for (auto& channel : channels) {
      if (&channel->session() == &session) channel->close();
    }
  }
  some_channel_closed_ = true;
}

// In pieces, between which others are served: a client may have died with a million calls under way.
void Worker::end_closed_channels(unsigned& handled) {
  some_channel_closed_ = false;
  unsigned left = kEndedInATurn;
  for (auto& channels : channels_) {
    std::erase_if(channels, [&](auto& channel) {
      if (!channel->closed()) return false;
      left -= channel->end_calls(left);
      if (!channel->drained()) some_channel_closed_ = true;
      return channel->drained();
    });
  }
  handled += kEndedInATurn - left;
}

template <class F>
void Worker::for_each_parked(F visit) {
  for (const auto& [id, pool] : pools_) {
    for (const auto& container : pool->containers) {
      if (container->owned_by(*this)) container->parked.for_each(visit);
    }
  }
}

void Worker::begin_trace(std::shared_ptr<WorkerTrace> trace) {
  trace_ = std::move(trace);
  trace_->begin();
  for_each_parked([](Task& task) { task.traced = task.method->id != kBarrierMethod; });
}

void Worker::end_trace() noexcept {
  const std::shared_ptr<WorkerTrace> trace = std::move(trace_);
  if (!trace) return;
  for_each_parked([&trace](const Task& task) { trace->still_waits(task); });
  trace->close();
}

void Worker::count_forgotten(const std::string& what, Code code) {
  counts_.failed_forgotten.fetch_add(1, std::memory_order_relaxed);
  seams_.log.debug("{} ended with {} and nobody waits for it", what, code_name(code));
}

}  // namespace chi::runtime
