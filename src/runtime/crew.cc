// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers, their drivers, and the monitor.
#include "runtime/crew.h"

#include <system_error>

#include "base/asymmetric_fence.h"
#include "runtime/io_uring.h"

namespace chi::runtime {
namespace {

constexpr std::chrono::nanoseconds kLookAtRest = std::chrono::milliseconds(50);
constexpr std::chrono::nanoseconds kLookAsleep = std::chrono::milliseconds(250);

}  // namespace

Result<std::unique_ptr<Crew>> Crew::create(const CrewOptions& options, Clock& clock, Logger& log,
                                           LaneMapPublisher& lanes, Control& control) {
  if (!register_asymmetric_fences()) {
    return Error{Code::failed_precondition,
                 "the kernel refuses membarrier(); Linux 4.16 or newer without a filter is needed", "runtime"};
  }
  std::unique_ptr<Crew> crew(new Crew(options, clock, log));
  SystemRandom seeds;
  for (std::uint32_t i = 0; i < options.workers; ++i) {
    auto post = std::make_unique<Post>();
    auto reactor = IoUring::create(clock, i);
    if (!reactor) return std::move(reactor).error();
    post->reactor = std::move(*reactor);
    post->random = seeds.fork();
    WorkerOptions worker = options.worker;
    worker.index = i;
    post->worker =
        std::make_unique<Worker>(worker, WorkerSeams{clock, *post->random, log, *post->reactor, lanes, control});
    crew->posts_.push_back(std::move(post));
  }
  return crew;
}

Crew::~Crew() { stop(std::chrono::seconds(1)); }

Status Crew::start() {
  for (auto& post : posts_) {
    if (!man(*post)) {
      return Error{Code::resource_exhausted,
                   "no thread to be had for a worker; raise the limit of processes (ulimit -u)", "runtime"};
    }
  }
  try {
    monitor_ = std::thread([this] { watch(); });
  } catch (const std::system_error&) {
    return Error{Code::resource_exhausted,
                 "no thread to be had for the monitor; raise the limit of processes (ulimit -u)", "runtime"};
  }
  return {};
}

bool Crew::man(Post& post) {
  auto driver = std::make_unique<DriverThread>(*post.worker);
  DriverThread* raw = driver.get();
  try {
    driver->thread = std::thread([raw] {
      raw->driver.make_current();
      raw->driver.worker().drive();
      Driver::clear_current();
      raw->ended.store(true, std::memory_order_release);
    });
  } catch (const std::system_error&) {
    return false;
  }
  post.driver = std::move(driver);
  return true;
}

void Crew::watch() {
  std::unique_lock lock(mutex_);
  std::chrono::nanoseconds pause = kLookAtRest;
  while (!stopping_.wait_for(lock, pause, [this] { return stop_; })) pause = look();
}

std::chrono::nanoseconds Crew::look() {
  std::uint64_t now = clock_.now_ns();
  bool handler = false;
  bool awake = false;
  for (auto& post : posts_) {
    look_at(*post, now);
    handler |= post->seen_step != 0 || !post->driver;
    awake |= !post->worker->asleep();
  }
  if (handler) return std::min(kLookAtRest, options_.stuck_after / 4);
  return awake ? kLookAtRest : kLookAsleep;
}

void Crew::look_at(Post& post, std::uint64_t now) {
  std::erase_if(post.orphans, [](auto& orphan) {
    if (!orphan->ended.load(std::memory_order_acquire)) return false;
    orphan->thread.join();
    return true;
  });
  if (!post.driver) {
    man(post);
    return;
  }
  std::uint64_t step = post.driver->driver.step_in_handler();
  if (step != post.seen_step) {
    post.seen_step = step;
    post.seen_since_ns = now;
    return;
  }
  if (step == 0 || now - post.seen_since_ns < static_cast<std::uint64_t>(options_.stuck_after.count())) return;
  if (!post.driver->driver.take_worker(step)) return;
  Container* container = post.driver->driver.container();
  log_.warning("{}: a handler has run for {} ms and goes on; its worker {} continues on another thread",
               container ? container->name() : "merge", (now - post.seen_since_ns) / 1'000'000, post.worker->index());
  post.worker->leave_to_orphan(container, post.driver->driver.task());
  post.orphans.push_back(std::move(post.driver));
  post.seen_step = 0;
  man(post);
}

bool Crew::join(std::unique_ptr<DriverThread>& driver, std::uint64_t until_ns) {
  while (!driver->ended.load(std::memory_order_acquire)) {
    if (clock_.now_ns() > until_ns) {
      driver->thread.detach();
      return false;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  driver->thread.join();
  return true;
}

bool Crew::stop(std::chrono::nanoseconds patience) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stop_, true)) return true;
  }
  stopping_.notify_all();
  if (monitor_.joinable()) monitor_.join();
  for (auto& post : posts_) post->worker->request_stop();
  std::uint64_t until = clock_.now_ns() + static_cast<std::uint64_t>(patience.count());
  bool all = true;
  for (auto& post : posts_) {
    if (post->driver) post->orphans.push_back(std::move(post->driver));
    bool mine = true;
    for (auto& orphan : post->orphans) mine &= join(orphan, until);
    if (mine) continue;
    all = false;
    [[maybe_unused]] Post* left_alone = post.release();
  }
  std::erase_if(posts_, [](auto& post) { return !post; });
  return all;
}

}  // namespace chi::runtime
