// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How a worker gets its thread, and is taken from one that is held up.
#include "runtime/post.h"

#include "base/system_call.h"
#include "runtime/crash_report.h"
#include "runtime/io_uring.h"

namespace chi::runtime {

Post::Post(std::unique_ptr<Random> random, std::unique_ptr<Reactor> reactor, Clock& clock, Logger& log)
    : random_(std::move(random)), reactor_(std::move(reactor)), clock_(clock), log_(log) {}

Post::~Post() = default;

Result<std::unique_ptr<Post>> Post::create(const WorkerOptions& options, std::unique_ptr<Random> random, Clock& clock,
                                           Logger& log, LaneMapPublisher& lanes, Control& control) {
  auto reactor = IoUring::create(clock, options.index);
  if (!reactor) return std::move(reactor).error();
  std::unique_ptr<Post> post(new Post(std::move(random), std::move(*reactor), clock, log));
  post->worker_ =
      std::make_unique<Worker>(options, WorkerSeams{clock, *post->random_, log, *post->reactor_, lanes, control});
  return post;
}

Status Post::man() {
  std::lock_guard lock(mutex_);
  return man_locked();
}

Status Post::man_locked() {
  auto driver = std::make_unique<DriverThread>(*worker_);
  DriverThread* raw = driver.get();
  if (!cpus_.empty()) driver->place.bind(cpus_);
  auto thread = start_thread(
      [raw] {
        const CrashStack stack;
        raw->place.enter();
        raw->begun.store(true, std::memory_order_release);
        raw->begun.notify_one();
        raw->driver.make_current();
        raw->driver.worker().drive();
        Driver::clear_current();
        raw->place.leave();
        raw->ended.store(true, std::memory_order_release);
      },
      "runtime");
  if (!thread) return std::move(thread).error();
  driver->thread = std::move(*thread);
  driver->begun.wait(false, std::memory_order_acquire);  // whoever asks for its place now gets an answer
  driver_ = std::move(driver);
  return {};
}

bool Post::bind(const CpuList& cpus, const CpuList& everywhere) {
  std::lock_guard lock(mutex_);
  cpus_ = cpus;
  everywhere_ = everywhere;
  for (auto& orphan : orphans_) orphan->place.bind(everywhere_);
  return !driver_ || driver_->place.bind(cpus_);
}

CpuList Post::cpus() const {
  std::lock_guard lock(mutex_);
  return driver_ ? driver_->place.cpus() : CpuList();
}

void Post::list_threads(std::vector<pid_t>& to) const {
  std::lock_guard lock(mutex_);
  auto add = [&to](const DriverThread& each) {
    if (pid_t thread = each.place.thread(); thread != 0) to.push_back(thread);
  };
  if (driver_) add(*driver_);
  for (auto& orphan : orphans_) add(*orphan);
}

std::uint64_t Post::in_handler_ns() const {
  std::lock_guard lock(mutex_);
  if (!driver_) return 0;
  const std::uint64_t step = driver_->driver.step_in_handler();
  if (step == 0) return 0;
  const std::uint64_t seen = step == seen_step_ ? clock_.now_ns() - seen_since_ns_ : 1;
  return std::max(driver_->driver.timer().running_ns(), seen);
}

void Post::join_ended() {
  std::erase_if(orphans_, [](auto& orphan) {
    if (!orphan->ended.load(std::memory_order_acquire)) return false;
    orphan->thread.join();
    return true;
  });
}

void Post::name_stuck(std::uint64_t now_ns, std::chrono::nanoseconds stuck_after) {
  for (auto& orphan : orphans_) {
    const std::uint64_t ran_ns = now_ns - orphan->since_ns;
    if (orphan->named || ran_ns < static_cast<std::uint64_t>(stuck_after.count())) continue;
    orphan->named = true;
    log_.warning("{}: {} has run for {} ms and goes on; its worker {} continues on another thread", orphan->container,
                 orphan->method, ran_ns / 1'000'000, worker_->index());
  }
}

bool Post::look(std::uint64_t now_ns, std::chrono::nanoseconds isolate_after, std::chrono::nanoseconds stuck_after) {
  std::lock_guard lock(mutex_);
  join_ended();
  name_stuck(now_ns, stuck_after);
  if (!driver_) return !man_locked().ok();
  const std::uint64_t step = driver_->driver.step_in_handler();
  if (step != seen_step_) {
    seen_step_ = step;
    seen_since_ns_ = now_ns;
    return step != 0;
  }
  if (step == 0) return false;
  if (now_ns - seen_since_ns_ < static_cast<std::uint64_t>(isolate_after.count())) return true;
  if (!driver_->driver.take_worker(step)) return true;
  take_from_driver();
  return !man_locked().ok();
}

// Its handler runs on wherever there is room: the place is the new thread's.
void Post::take_from_driver() {
  Container* container = driver_->driver.container();
  driver_->container = container ? container->name() : "merge";
  Task* task = driver_->driver.task();
  driver_->method = !container ? "merging replies" : task ? task->method->name : "(resumed)";
  driver_->since_ns = seen_since_ns_;
  worker_->leave_to_orphan(container, task);
  if (!cpus_.empty()) driver_->place.bind(everywhere_);
  orphans_.push_back(std::move(driver_));
  seen_step_ = 0;
}

bool Post::join_one(DriverThread& driver, std::uint64_t until_ns) {
  while (!driver.ended.load(std::memory_order_acquire)) {
    if (clock_.now_ns() > until_ns) {
      driver.thread.detach();
      return false;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  driver.thread.join();
  return true;
}

bool Post::join(std::uint64_t until_ns) {
  std::lock_guard lock(mutex_);
  if (driver_) orphans_.push_back(std::move(driver_));
  bool all = true;
  for (auto& orphan : orphans_) all &= join_one(*orphan, until_ns);
  if (all) orphans_.clear();
  return all;
}

}  // namespace chi::runtime
