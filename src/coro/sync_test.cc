// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <chimaera/detail/container_core.h>
#include <chimaera/sync.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "coro/fake_daemon.h"

namespace chi {
namespace {

using namespace std::chrono_literals;
using Notes = std::vector<std::string>;

class SyncTest : public ::testing::Test {
 protected:
  void SetUp() override {
    chi_create made{};
    made.pool_name = "test";
    core_.attach(fake::Daemon::services(), daemon_.container(), made);
    scope_.emplace(Scope{&core_.executor, nullptr});
  }
  void TearDown() override {
    scope_.reset();
    daemon_.run();
    EXPECT_EQ(fake::Daemon::blocks, 0);
    EXPECT_EQ(daemon_.timers(), 0u);
  }

  fake::Daemon daemon_;
  detail::ContainerCore core_;
  std::optional<ScopeGuard> scope_;
  Notes notes_;
};

Task<void> hold(CoMutex& mutex, Event& release, Notes& notes, std::string name) {
  auto guard = co_await mutex.lock();
  notes.push_back(name);
  co_await release.wait();
}

Task<Status> hold_until(CoMutex& mutex, Notes& notes, std::string name, std::chrono::nanoseconds deadline) {
  auto guard = co_await mutex.lock_until(deadline);
  if (!guard.ok()) co_return guard.error();
  notes.push_back(name);
  co_return Status();
}

TEST_F(SyncTest, AFreeMutexIsTakenWithoutSuspending) {
  CoMutex mutex;
  Event release;
  release.set();
  auto task = hold(mutex, release, notes_, "a");
  EXPECT_TRUE(task.done());
  EXPECT_FALSE(mutex.locked());
}

TEST_F(SyncTest, AMutexGoesToWhoCameFirst) {
  CoMutex mutex;
  Event release;
  std::vector<Task<void>> tasks;
  for (const char* name : {"a", "b", "c", "d"}) tasks.push_back(hold(mutex, release, notes_, name));
  EXPECT_EQ(notes_, Notes{"a"});
  EXPECT_FALSE(mutex.try_lock().held());
  release.set();
  daemon_.run();
  EXPECT_EQ(notes_, (Notes{"a", "b", "c", "d"}));
  EXPECT_FALSE(mutex.locked());
}

TEST_F(SyncTest, NobodyOvertakesWhileTheLockIsBeingHandedOver) {
  CoMutex mutex;
  Event release;
  auto first = hold(mutex, release, notes_, "first");
  auto second = hold(mutex, release, notes_, "second");
  release.set();
  daemon_.run();
  Event never;
  auto holder = hold(mutex, never, notes_, "holder");
  auto waiter = hold(mutex, never, notes_, "waiter");
  holder = Task<void>();  // unlocks: the waiter owns it, but has not run yet
  EXPECT_FALSE(mutex.try_lock().held());
  daemon_.run();
  EXPECT_EQ(notes_.back(), "waiter");
}

TEST_F(SyncTest, AWaiterThatIsDestroyedLeavesTheQueue) {
  CoMutex mutex;
  Event release;
  auto holder = hold(mutex, release, notes_, "holder");
  {
    auto gone = hold(mutex, release, notes_, "gone");
  }
  auto next = hold(mutex, release, notes_, "next");
  release.set();
  daemon_.run();
  EXPECT_EQ(notes_, (Notes{"holder", "next"}));
}

TEST_F(SyncTest, ALockGrantedToADestroyedWaiterGoesToTheNext) {
  CoMutex mutex;
  Event release;
  auto holder = hold(mutex, release, notes_, "holder");
  auto granted = hold(mutex, release, notes_, "granted");
  auto next = hold(mutex, release, notes_, "next");
  holder = Task<void>();
  granted = Task<void>();
  daemon_.run();
  EXPECT_EQ(notes_, (Notes{"holder", "next"}));
}

TEST_F(SyncTest, AnExceptionUnlocks) {
  CoMutex mutex;
  auto thrower = [](CoMutex& locked) -> Task<void> {
    auto guard = co_await locked.lock();
    throw std::runtime_error("while it holds the lock");
  };
  EXPECT_THROW(thrower(mutex).take(), std::runtime_error);
  EXPECT_FALSE(mutex.locked());
}

TEST_F(SyncTest, ALockWithADeadlineGivesUp) {
  CoMutex mutex;
  Event release;
  auto holder = hold(mutex, release, notes_, "holder");
  auto late = hold_until(mutex, notes_, "late", now() + 5ms);
  auto patient = hold_until(mutex, notes_, "patient", now() + 50ms);
  daemon_.advance(10ms);
  ASSERT_TRUE(late.done());
  EXPECT_EQ(late.take().code(), Code::deadline_exceeded);
  EXPECT_FALSE(patient.done());
  release.set();
  daemon_.run();
  EXPECT_TRUE(patient.take().ok());
  EXPECT_EQ(notes_, (Notes{"holder", "patient"}));
}

TEST_F(SyncTest, AGrantWinsOverADeadlineThatPassesBeforeItRan) {
  CoMutex mutex;
  Event never;
  auto holder = hold(mutex, never, notes_, "holder");
  auto waiter = hold_until(mutex, notes_, "waiter", now() + 5ms);
  holder = Task<void>();  // granted, in the ready list
  daemon_.advance(10ms);
  EXPECT_TRUE(waiter.take().ok());
}

TEST_F(SyncTest, ADeadlineWithoutTimersIsAnError) {
  CoMutex mutex;
  Event never;
  auto holder = hold(mutex, never, notes_, "holder");
  Executor without = core_.executor;
  without.timer_start = nullptr;
  ScopeGuard scope({&without, nullptr});
  auto waiter = hold_until(mutex, notes_, "waiter", 5ms);
  ASSERT_EQ(daemon_.ready(), 1u);
  daemon_.run();
  EXPECT_EQ(waiter.take().code(), Code::failed_precondition);
}

Task<void> read(CoRwLock& lock, Event& release, Notes& notes, std::string name) {
  auto guard = co_await lock.read();
  notes.push_back(name);
  co_await release.wait();
}
Task<void> write(CoRwLock& lock, Event& release, Notes& notes, std::string name) {
  auto guard = co_await lock.write();
  notes.push_back(name);
  co_await release.wait();
}

TEST_F(SyncTest, ReadersShareAndAWriterIsNotOvertaken) {
  CoRwLock lock;
  Event first;
  Event second;
  auto a = read(lock, first, notes_, "reader a");
  auto b = read(lock, first, notes_, "reader b");
  auto w = write(lock, second, notes_, "writer");
  auto c = read(lock, second, notes_, "reader c");
  auto d = read(lock, second, notes_, "reader d");
  EXPECT_EQ(notes_, (Notes{"reader a", "reader b"}));
  first.set();
  daemon_.run();
  EXPECT_EQ(notes_.back(), "writer");
  second.set();
  daemon_.run();
  EXPECT_EQ(notes_, (Notes{"reader a", "reader b", "writer", "reader c", "reader d"}));
}

TEST_F(SyncTest, WhenAWaitingWriterGivesUpTheReadersBehindItGoOn) {
  CoRwLock lock;
  Event never;
  auto a = read(lock, never, notes_, "reader a");
  auto writer = [](CoRwLock& locked, std::chrono::nanoseconds deadline) -> Task<Code> {
    auto guard = co_await locked.write_until(deadline);
    co_return guard.code();
  };
  auto w = writer(lock, now() + 5ms);
  auto b = read(lock, never, notes_, "reader b");
  EXPECT_EQ(notes_, Notes{"reader a"});
  daemon_.advance(10ms);
  EXPECT_EQ(w.take(), Code::deadline_exceeded);
  EXPECT_EQ(notes_, (Notes{"reader a", "reader b"}));
}

TEST_F(SyncTest, ASemaphoreServesALargeWishBeforeLaterSmallOnes) {
  Semaphore units(3);
  auto take = [](Semaphore& from, std::size_t count, Notes& notes, std::string name) -> Task<void> {
    auto held = co_await from.acquire(count);
    notes.push_back(name);
  };
  auto held = units.try_acquire(2);
  auto large = take(units, 3, notes_, "large");
  auto small = take(units, 1, notes_, "small");
  EXPECT_TRUE(notes_.empty());
  held.release();
  daemon_.run();
  EXPECT_EQ(notes_, (Notes{"large", "small"}));
  EXPECT_EQ(units.available(), 3u);
}

TEST_F(SyncTest, AnEventLetsAllGoOnAndThenNobodyWaits) {
  Event event;
  auto wait = [](Event& e, Notes& notes) -> Task<void> {
    co_await e.wait();
    notes.push_back("went on");
  };
  auto a = wait(event, notes_);
  auto b = wait(event, notes_);
  event.set();
  daemon_.run();
  auto c = wait(event, notes_);
  EXPECT_EQ(notes_.size(), 3u);
  event.reset();
  auto in_time = [](Event& e, std::chrono::nanoseconds deadline) -> Task<Code> {
    auto waited = co_await e.wait_until(deadline);
    co_return waited.code();
  };
  auto d = in_time(event, now() + 1ms);
  daemon_.advance(2ms);
  EXPECT_EQ(d.take(), Code::deadline_exceeded);
}

TEST_F(SyncTest, AGateClosesWhenAllHaveLeft) {
  Gate gate;
  Event work;
  auto enter = [](Gate& through, Event& until) -> Task<Code> {
    auto pass = through.enter();
    if (!pass.ok()) co_return pass.code();
    co_await until.wait();
    co_return Code::ok;
  };
  auto close = [](Gate& closed) -> Task<void> { co_await closed.close(); };
  auto close_soon = [](Gate& closed, std::chrono::nanoseconds deadline) -> Task<Code> {
    auto in_time = co_await closed.close_until(deadline);
    co_return in_time.code();
  };
  auto inside = enter(gate, work);
  auto closing = close(gate);
  auto impatient = close_soon(gate, now() + 1ms);
  auto refused = enter(gate, work);
  EXPECT_EQ(refused.take(), Code::failed_precondition);
  daemon_.advance(2ms);
  EXPECT_EQ(impatient.take(), Code::deadline_exceeded);
  EXPECT_FALSE(closing.done());
  work.set();
  daemon_.run();
  EXPECT_TRUE(closing.done());
  EXPECT_EQ(gate.inside(), 0u);
}

TEST_F(SyncTest, SleepEndsAtItsTimeOrWhenItIsCancelled) {
  auto sleep = [](std::chrono::nanoseconds time) -> Task<Code> {
    auto slept = co_await sleep_for(time);
    co_return slept.code();
  };
  auto short_sleep = sleep(5ms);
  auto long_sleep = sleep(10ms);
  daemon_.advance(7ms);
  EXPECT_EQ(short_sleep.take(), Code::ok);
  EXPECT_FALSE(long_sleep.done());
  auto timer = sleep_for(1s);
  timer.cancel();
  daemon_.advance(5ms);
  EXPECT_EQ(timer.take().code(), Code::cancelled);
  EXPECT_EQ(timer.take().code(), Code::failed_precondition);  // a result is there once
  EXPECT_EQ(long_sleep.take(), Code::ok);
}

TEST_F(SyncTest, ADestroyedSleepIsTakenOutOfTheTimers) {
  {
    auto timer = sleep_for(1s);
  }
  // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the operation frees itself, through a pointer
  EXPECT_EQ(daemon_.timers(), 0u);
  EXPECT_EQ(fake::Daemon::blocks, 1);  // until its completion ran
  daemon_.run();
  EXPECT_EQ(fake::Daemon::blocks, 0);
}

}  // namespace
}  // namespace chi
