// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One event loop: the channels of clients, the lanes of containers, timers, mail from other workers, and the reactor.
//
// A worker is an object that one thread at a time drives (driver.h); in a simulation, a single thread steps many of
// them. Whatever it does with module code goes through run_step(), and whoever calls that must be ready to have lost
// the worker afterwards, which a false return says: then it unwinds at once and touches nothing.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "runtime/client_channel.h"
#include "runtime/control.h"
#include "runtime/driver.h"
#include "runtime/idle_policy.h"
#include "runtime/lane_map.h"
#include "runtime/lane_meter.h"
#include "runtime/reactor.h"
#include "runtime/worker_trace.h"
#include "shm/layout.h"

namespace chi::runtime {

struct WorkerOptions {
  std::uint32_t index = 0;
  std::uint64_t spin_ns = 50'000;
  bool never_sleep = false;  // to begin with
  std::uint64_t default_deadline_ns = 30'000'000'000;
  std::uint64_t max_message = 1 << 20;
  std::function<void()> woke;  // called after each sleep; null: nobody wants to know
};

// What a worker needs of the world; all outlive it.
struct WorkerSeams {
  Clock& clock;
  Random& random;
  Logger& log;
  Reactor& reactor;
  LaneMapPublisher& lanes;
  Control& control;
};

// How long lanes stood still that moved here: bucket i counts pauses of less than 2^i ns that are in no bucket before.
struct PauseCounts {
  std::atomic<std::uint64_t> moves{0};
  std::atomic<std::uint64_t> longest_ns{0};
  std::atomic<std::uint64_t> total_ns{0};
  std::atomic<std::uint64_t> buckets[40]{};

  void count(std::uint64_t ns) noexcept;  // on the worker's thread
};

struct WorkerCounts {
  std::atomic<std::uint64_t> tasks{0};
  std::atomic<std::uint64_t> sleeps{0};
  std::atomic<std::uint64_t> failed_forgotten{0};
  std::atomic<std::uint32_t> queued{0};
  std::atomic<std::uint32_t> replaced{0};
  PauseCounts pauses;
};

// Module code that is not a task's: a container's creation and end, a merge. `run` is the step; `done` follows on the
// worker, however long the step took, and disposes of the job.
struct StepJob {
  StepJob* next_job = nullptr;
  Container* container = nullptr;
  virtual void run() = 0;
  virtual void done(Worker& worker) = 0;

 protected:
  ~StepJob() = default;
};

class Worker {
 public:
  Worker(WorkerOptions options, WorkerSeams seams);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  std::uint32_t index() const noexcept { return options_.index; }
  const WorkerOptions& options() const noexcept { return options_; }
  Clock& clock() noexcept { return seams_.clock; }
  Random& random() noexcept { return seams_.random; }
  Logger& log() noexcept { return seams_.log; }
  Reactor& reactor() noexcept { return seams_.reactor; }
  Control& control() noexcept { return seams_.control; }
  const WorkerCounts& counts() const noexcept { return counts_; }
  // Tasks that are admitted and not begun. Those of a lane that has just moved here may begin before they are counted.
  std::uint32_t queued() const noexcept {
    const auto queued = static_cast<std::int32_t>(counts_.queued.load(std::memory_order_relaxed));
    return queued < 0 ? 0 : static_cast<std::uint32_t>(queued);
  }
  const LaneMeter& meter() const noexcept { return meter_; }

  // From any thread.
  void send(Mail* mail) noexcept;
  template <class F>
  void run(F function) {
    send(make_mail(std::move(function)));
  }
  void request_stop() noexcept;
  // From now on it looks for work without a pause, or again sleeps when it finds none.
  void never_sleep(bool never) noexcept;
  bool never_sleeps() const noexcept { return never_sleep_.load(std::memory_order_relaxed); }
  bool asleep() const noexcept {
    return seams_.lanes.map().worker[options_.index].asleep.load(std::memory_order_relaxed) != 0;
  }

  // --- the worker's thread only, from here on ---

  enum class Turn { idle, busy, lost };
  Turn turn();   // one round of everything that is ready
  void drive();  // turns and sleeps until request_stop(), or until the worker is lost
  enum class Sleep { nap, deep };
  void sleep_until_work(Sleep how);

  // The number of this turn. Mail that was there when it began is delivered before its channels are looked at.
  unsigned turns() const noexcept { return turns_; }

  // Time as of this turn, at most a few microseconds old.
  std::uint64_t now_ns() const noexcept { return now_ns_; }
  std::uint64_t refresh_now() noexcept { return now_ns_ = seams_.clock.now_ns(); }

  // Pools that this worker knows.
  void add_pool(const Pool* pool) { pools_[pool->id] = pool; }
  PoolId find_pool_id(std::string_view name) const noexcept;
  void remove_pool(const Pool* pool);
  const Pool* find_pool(PoolId id) const noexcept {
    auto found = pools_.find(id);
    return found == pools_.end() ? nullptr : found->second;
  }

  // Channels of clients.
  void add_channel(std::unique_ptr<ClientChannel> channel);
  void close_channels(const ClientStream& stream);
  void close_session(const Session& session);

  // A task from this node, straight from its caller, for a container of this worker. Held back while an older one may
  // still be on its way to the container's owner before; else admitted.
  void arrive(Task* task);
  // The same for one that came by mail, which follows the container to its owner.
  void arrive_by_mail(Task* task);
  // Something of this lot is not on its way any more.
  void count_arrival(Container& container, std::uint8_t lot);

  // A lane is about to come: for a moment it does not sleep.
  void expect_lane() noexcept;
  // Gives a container of this worker, with all that it has under way, to another one.
  enum class Move {
    done,
    not_here,  // another worker owns it
    not_now    // its code holds a thread, its pool is being destroyed, or its last move is not over for some caller
  };
  Move move_lane(Container& container, Worker& to);

  // A task for a container of this worker: queued on its lane, refused, or (for a barrier) counted.
  void admit(Task* task);
  // Runs a task that was counted in; `message` is its request. False: the worker is lost. Else the task may be used
  // again, or, where it goes on or its caller has it now, the pointer is null.
  void count_in(Task& task);
  bool run_now(Task*& task, const chi_message& message);
  bool can_run_now(const Container& container, Priority priority) const noexcept {
    return !container.stuck && !container.holding && container.detours == 0 &&
           container.lanes[static_cast<int>(priority)].idle();
  }

  // The end of a task: by its reply, or early (deadline, cancellation).
  void complete(Task& task, const Answer& answer);
  void answer_early(Task& task, Code code, const char* text);
  void cancel(Task& task) { answer_early(task, Code::cancelled, "the caller went away or cancelled the call"); }
  void module_replied(Task& task, const Answer& answer);

  // Calls to containers of any worker.
  void start_call(Call& call, Task* task, Container& container);
  void cancel_call(Call& call);
  void call_over(Call& call);

  void add_ready(Container& container, chi_work* work);
  void add_timer(TimerNode& timer) { timers_.add(timer); }
  void remove_timer(TimerNode& timer) noexcept { timers_.remove(timer); }

  void add_job(StepJob* job) { jobs_.push(job); }

  LaneMeter& meter() noexcept { return meter_; }

  // Traces what it does from now on, until end_trace().
  void begin_trace(std::shared_ptr<WorkerTrace> trace);
  void end_trace() noexcept;

  // A fire-and-forget or periodic task that ended in an error, for the log and the counters.
  void count_forgotten(const std::string& what, Code code);

  // Called by the monitor while no thread drives this worker: the step's container is left to its orphan.
  void leave_to_orphan(Container* container, Task* task);
  // Mail from an orphan whose step has ended at last.
  void orphan_ended(Container* container, Task* task, bool done, const Answer& answer);

  Task* take_spare();
  void keep_spare(Task* task);

 private:
  // Runs module code. False: the worker is lost.
  template <class F>
  bool run_step(Container* container, Task* task, LaneMeter::Measure measure, F&& code) {
    Driver& driver = *Driver::current();
    driver.enter(container, task);
    if (measure.weight != 0) [[unlikely]]
      driver.timer().start(measure.weight, measure.task);
    code();
    if (!driver.leave()) [[unlikely]] {
      LaneMeter::step_lost(driver.timer(), container, task);
      return false;
    }
    if (driver.timer().weight() != 0) [[unlikely]]
      meter_.step_over(driver.timer(), container);
    return true;
  }
  template <bool kTraced>
  bool run_as(Task*& task, const chi_message& message);
  bool run_ready(Container& container, chi_work* work);
  bool run_jobs(unsigned& handled);
  bool poll_channels(Priority priority, unsigned& handled);
  bool run_lanes(Priority priority, unsigned limit, unsigned& handled);
  bool run_high_throughput(unsigned& handled);
  bool run_lane(Container& container, Priority priority, unsigned limit, unsigned& ran);
  void make_runnable(Container& container, Priority priority);
  void make_unrunnable(Container& container);
  void stop_holding(Task& task);
  void join_lane(Container& container, std::uint64_t stopped_ns);
  void deliver_mail(unsigned& handled);
  void fire_timers(unsigned& handled);
  void park(Task& task);
  void unpark(Task& task);
  void leave_group(Container& container, std::uint64_t number);
  static void forget_barrier(const Task& task);
  void answer_barriers(Container& container);
  void admit_barrier(Task* task);
  void end(Task& task, const Answer& answer);
  void tell(Task& task, const Answer& answer, bool over);
  void tell_early(Task& task, const Answer& answer);
  template <class F>
  void for_each_parked(F visit);
  void mail_answer(Task& task, const Answer* answer, bool over);
  void end_closed_channels(unsigned& handled);
  bool anything_ready() const noexcept;
  bool low_latency_waits() noexcept;
  void expect_messages() const noexcept;

  const WorkerOptions options_;
  const WorkerSeams seams_;
  Mailbox mailbox_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> never_sleep_;
  std::uint64_t now_ns_ = 0;
  unsigned turns_ = 0;
  std::uint64_t expects_until_ns_ = 0;  // a lane
  // From the end of a sleep to the next turn, which runs one step only: its client, asleep as well, is woken by the
  // answer and comes to itself while the other steps are run.
  bool just_woke_ = false;
  bool gave_lane_ = false;  // to another worker, since mail was last delivered

  std::unordered_map<PoolId, const Pool*> pools_;
  std::vector<std::unique_ptr<ClientChannel>> channels_[2];
  bool some_channel_closed_ = false;
  std::size_t looked_at_ = 0;  // the low-latency channel looked at last

  struct Runnable {
    Container* head = nullptr;
    Container* tail = nullptr;
  } runnable_[2];
  TimerHeap timers_;
  Queue<StepJob, &StepJob::next_job> jobs_;
  Task* spare_ = nullptr;
  LaneMeter meter_;
  std::shared_ptr<WorkerTrace> trace_;  // null: nothing is traced
  IdlePolicy idle_;                     // while it waits for messages
  IdlePolicy idle_at_device_;           // while it waits for a device, too
  WorkerCounts counts_;
};

// Runs `function(worker)` on the worker that owns the container when the letter is delivered.
template <class F>
struct ContainerMail final : Mail {
  ContainerMail(Container& to, F f) : container(to), function(std::move(f)) {}
  void deliver(Worker& worker) override {
    if (!container.owned_by(worker)) return container.worker().send(this);
    F f = std::move(function);
    delete this;
    f(worker);
  }
  Container& container;
  F function;
};

// From any thread.
template <class F>
void run_at(Container& container, F function) {
  container.worker().send(new ContainerMail<F>(container, std::move(function)));
}

}  // namespace chi::runtime
