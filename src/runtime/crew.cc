// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers, their drivers, and the monitor.
#include "runtime/crew.h"

#include <algorithm>

#include "base/asymmetric_fence.h"
#include "base/system_call.h"

namespace chi::runtime {
namespace {

constexpr const char* kRuntime = "runtime";
constexpr std::chrono::nanoseconds kLookAsleep = std::chrono::milliseconds(250);
constexpr std::uint64_t kWatchEveryNs = 1'000'000'000;

}  // namespace

Crew::Crew(const CrewOptions& options, Clock& clock, Logger& log, LaneMapPublisher& lanes, Control& control)
    : options_(options), clock_(clock), log_(log), lanes_(lanes), control_(control), allowed_(cpus_of_thread(0)) {}

Result<std::unique_ptr<Crew>> Crew::create(const CrewOptions& options, Clock& clock, Logger& log,
                                           LaneMapPublisher& lanes, Control& control) {
  if (!register_asymmetric_fences()) {
    return call_error("membarrier, of Linux 4.16 and newer", errno, kRuntime);
  }
  std::unique_ptr<Crew> crew(new Crew(options, clock, log, lanes, control));
  for (std::uint32_t i = 0; i < options.workers; ++i) {
    auto post = crew->make_post();
    if (!post) return std::move(post).error();
    crew->publish(std::move(*post));
  }
  crew->set_active(options.workers);
  return crew;
}

Crew::~Crew() { stop(std::chrono::seconds(1)); }

Result<std::unique_ptr<Post>> Crew::make_post() {
  if (size() >= options_.limit) {
    return Error{Code::resource_exhausted,
                 "there are " + std::to_string(size()) + " workers, as many as runtime.max_workers lets there be",
                 "runtime"};
  }
  WorkerOptions worker = options_.worker;
  worker.index = size();
  worker.woke = [this] {
    if (rests_.load(std::memory_order_relaxed) && rests_.exchange(false)) stopping_.notify_one();
  };
  return Post::create(worker, seeds_.fork(), clock_, log_, lanes_, control_);
}

void Crew::publish(std::unique_ptr<Post> post) noexcept {
  const std::uint32_t at = size();
  posts_[at] = std::move(post);
  size_.store(at + 1, std::memory_order_release);
}

Status Crew::start() {
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (auto manned = posts_[i]->man(); !manned) return manned;
  }
  auto monitor = start_thread([this] { watch(); }, kRuntime);
  if (!monitor) return std::move(monitor).error();
  monitor_ = std::move(*monitor);
  return {};
}

CpuList Crew::bind(std::uint32_t worker, const CpuList& cpus) {
  std::lock_guard lock(affinity_mutex_);
  wanted_[worker] = cpus;
  std::sort(wanted_[worker].begin(), wanted_[worker].end());
  told_[worker] = false;
  place(worker);
  return posts_[worker]->cpus();
}

void Crew::allow(const CpuList& cpus) {
  std::lock_guard lock(affinity_mutex_);
  allowed_ = cpus;
  allowed_changed_ = true;
  for (std::uint32_t i = 0; i < size(); ++i) place(i);
}

// Under the mutex. What the kernel refuses because the CPUs have just gone, it has seen to itself.
void Crew::place(std::uint32_t worker) {
  const CpuList cpus = common_cpus(wanted_[worker], allowed_);
  const bool nothing_left = cpus.empty() && !wanted_[worker].empty();
  if (nothing_left && !told_[worker]) {
    log_.warning("none of the CPUs that worker {} is bound to is left to this process; it runs on all there are",
                 worker);
  }
  told_[worker] = nothing_left;
  posts_[worker]->bind(cpus.empty() ? allowed_ : cpus, allowed_);
}

std::vector<pid_t> Crew::threads() const {
  std::vector<pid_t> out;
  for (std::uint32_t i = 0; i < size(); ++i) posts_[i]->list_threads(out);
  return out;
}

void Crew::watch() {
  std::unique_lock lock(mutex_);
  std::chrono::nanoseconds pause{0};
  for (;;) {
    const bool awaits = pause == kLookAsleep;
    stopping_.wait_for(lock, pause, [&] { return stop_ || (awaits && !rests_.load(std::memory_order_relaxed)); });
    if (stop_) return;
    rests_.store(true);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // see Worker::sleep_until_work
    pause = look();
    if (pause != kLookAsleep) rests_.store(false, std::memory_order_relaxed);
  }
}

std::chrono::nanoseconds Crew::look() {
  const std::uint64_t now = clock_.now_ns();
  bool awake = false;
  for (std::uint32_t i = 0; i < size(); ++i) {
    awake |= posts_[i]->look(now, options_.isolate_after, options_.stuck_after);
    awake |= !worker(i).asleep();
  }
  call_on_watch(now, awake);
  call_on_rest(now, awake);
  return awake ? options_.isolate_after / 2 : kLookAsleep;
}

void Crew::call_on_watch(std::uint64_t now_ns, bool awake) {
  if (!on_watch_ || now_ns < next_watch_ns_) return;
  const std::uint64_t sleeps = count_sleeps();
  if (std::exchange(watched_sleeps_, sleeps) == sleeps && !awake) return;
  next_watch_ns_ = now_ns + kWatchEveryNs;
  on_watch_();
}

void Crew::call_on_rest(std::uint64_t now_ns, bool awake) {
  if (!on_rest_) return;
  const std::uint64_t sleeps = count_sleeps();
  if (std::exchange(rested_sleeps_, sleeps) != sleeps || awake) {
    rests_since_ns_ = now_ns;
    has_rested_ = false;
    return;
  }
  if (has_rested_ || now_ns - rests_since_ns_ < static_cast<std::uint64_t>(options_.rest_after.count())) return;
  has_rested_ = true;
  on_rest_();
}

std::uint64_t Crew::count_sleeps() {
  std::uint64_t out = 0;
  for (std::uint32_t i = 0; i < size(); ++i) out += worker(i).counts().sleeps.load(std::memory_order_relaxed);
  return out;
}

bool Crew::stop(std::chrono::nanoseconds patience) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stop_, true)) return true;
  }
  stopping_.notify_all();
  if (monitor_.joinable()) monitor_.join();
  const std::uint32_t count = size();
  for (std::uint32_t i = 0; i < count; ++i) worker(i).request_stop();
  const std::uint64_t until = clock_.now_ns() + static_cast<std::uint64_t>(patience.count());
  bool all = true;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (posts_[i]->join(until)) continue;
    all = false;
    [[maybe_unused]] Post* left_alone = posts_[i].release();
  }
  size_.store(0, std::memory_order_release);
  return all;
}

}  // namespace chi::runtime
