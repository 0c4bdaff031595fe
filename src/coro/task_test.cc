// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <chimaera/event.h>
#include <chimaera/result.h>
#include <chimaera/task.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "coro/fake_daemon.h"

namespace chi {
namespace {

// A program's executor: a ready list, and no timers.
class TaskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    executor_.context = &daemon_;
    executor_.post = [](void* context, chi_work* work) {
      auto* daemon = static_cast<fake::Daemon*>(context);
      fake::Daemon::services()->post(daemon->container(), work);
    };
    executor_.allocate = fake::Daemon::services()->frame_allocate;
    executor_.free_memory = fake::Daemon::services()->frame_free;
    scope_.emplace(Scope{&executor_, nullptr});
  }
  void TearDown() override {
    scope_.reset();
    daemon_.run();
    EXPECT_EQ(fake::Daemon::blocks, 0);
  }

  fake::Daemon daemon_;
  Executor executor_;
  std::optional<ScopeGuard> scope_;
};

struct Noted {
  std::vector<std::string>& notes;
  std::string name;
  ~Noted() { notes.push_back("~" + name); }
};

Task<Result<std::string>> text(std::string value) { co_return value + std::string(40, '.'); }
Task<Result<std::string>> failure() { co_return Error{Code::not_found, std::string(100, 'x'), {}}; }
Task<Result<std::string>> braced_failure() { co_return {Code::not_found, std::string(100, 'x')}; }
Task<int> thrower() {
  throw std::runtime_error("from the child");
  co_return 1;
}

Task<std::size_t> add_ready(int count) {
  std::size_t sum = 0;
  for (int i = 0; i < count; ++i) {
    auto part = co_await text("x");
    sum += part->size();
  }
  co_return sum;
}

Task<int> wait_for(Event& event, std::vector<std::string>& notes, std::string name) {
  Noted local{notes, name};
  notes.push_back(name + " waits");
  co_await event.wait();
  notes.push_back(name + " goes on");
  co_return static_cast<int>(name.size());
}

Task<int> parent_of(Event& event, std::vector<std::string>& notes) {
  Noted local{notes, "parent"};
  auto size = co_await wait_for(event, notes, "child");
  notes.push_back("parent goes on");
  co_return size + 1;
}

TEST_F(TaskTest, StartsAtOnceAndEndsWithoutTheExecutor) {
  auto task = text("a");
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take().value().size(), 41u);
  EXPECT_EQ(daemon_.ready(), 0u);
}

TEST_F(TaskTest, ErrorsTravelAsResultsInEitherSpelling) {
  EXPECT_EQ(failure().take().error().text.size(), 100u);
  EXPECT_EQ(braced_failure().take().error().text.size(), 100u);
}

TEST_F(TaskTest, AMillionReadyAwaitsNeitherPostNorGrow) {
  auto task = add_ready(1'000'000);
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), 41'000'000u);
  EXPECT_EQ(daemon_.steps, 0u);
  EXPECT_EQ(fake::Daemon::blocks, 1);
}

TEST_F(TaskTest, AParentIsResumedThroughTheReadyListNotNested) {
  Event event;
  std::vector<std::string> notes;
  auto task = parent_of(event, notes);
  EXPECT_FALSE(task.done());
  event.set();
  EXPECT_EQ(notes, std::vector<std::string>{"child waits"});
  daemon_.run();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), 6);
  EXPECT_EQ(daemon_.steps, 2u);  // the child, then the parent
  const std::vector<std::string> expected{"child waits", "child goes on", "~child", "parent goes on", "~parent"};
  EXPECT_EQ(notes, expected);
}

TEST_F(TaskTest, ExceptionsReachWhoAwaits) {
  auto catcher = []() -> Task<std::string> {
    try {
      auto value = co_await thrower();
      co_return std::to_string(value);
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
  };
  EXPECT_EQ(catcher().take(), "from the child");
  EXPECT_THROW(thrower().take(), std::runtime_error);
}

TEST_F(TaskTest, DestroyingASuspendedTaskDestroysItsLocalsAndChildren) {
  Event event;
  std::vector<std::string> notes;
  {
    auto task = parent_of(event, notes);
  }
  const std::vector<std::string> expected{"child waits", "~child", "~parent"};
  EXPECT_EQ(notes, expected);
  event.set();  // nobody is there any more
  EXPECT_EQ(daemon_.ready(), 0u);
}

TEST_F(TaskTest, ATaskDestroyedInTheReadyListKeepsItsMemoryUntilThatRan) {
  Event event;
  std::vector<std::string> notes;
  {
    auto task = wait_for(event, notes, "it");
    event.set();
  }
  EXPECT_EQ(daemon_.ready(), 1u);
  EXPECT_EQ(fake::Daemon::blocks, 1);
  daemon_.run();
  EXPECT_EQ(fake::Daemon::blocks, 0);
  const std::vector<std::string> expected{"it waits", "~it"};
  EXPECT_EQ(notes, expected);
}

TEST_F(TaskTest, ADetachedTaskRunsToItsEndAndFreesItself) {
  Event event;
  std::vector<std::string> notes;
  parent_of(event, notes).detach();
  event.set();
  daemon_.run();
  EXPECT_EQ(notes.back(), "~parent");
  EXPECT_EQ(fake::Daemon::blocks, 0);
}

TEST_F(TaskTest, AnAwaitedTaskMayBeAnObject) {
  Event event;
  std::vector<std::string> notes;
  auto both = [](Event& e, std::vector<std::string>& n) -> Task<int> {
    auto first = wait_for(e, n, "a");
    auto second = wait_for(e, n, "bb");
    auto x = co_await first;
    auto y = co_await second;
    co_return x + y;
  };
  auto task = both(event, notes);
  event.set();
  daemon_.run();
  EXPECT_EQ(task.take(), 3);
}

Task<int> chain(Event& event, int depth) {
  if (depth == 0) {
    co_await event.wait();
    co_return 0;
  }
  auto below = co_await chain(event, depth - 1);
  co_return below + 1;
}

TEST_F(TaskTest, ALongChainEndsOneStepAtATime) {
  Event event;
  auto task = chain(event, 2000);
  event.set();
  daemon_.run();
  EXPECT_EQ(task.take(), 2000);
  EXPECT_EQ(daemon_.steps, 2001u);
}

TEST_F(TaskTest, AThrownAllocationFailureLeavesNothingBehind) {
  fake::Daemon::no_memory = true;
  EXPECT_THROW((void)text("a"), std::bad_alloc);
  fake::Daemon::no_memory = false;
}

Task<Scope> scope_after(Event& event) {
  co_await event.wait();
  co_return current_scope();
}

TEST_F(TaskTest, ACoroutineKeepsTheScopeInWhichItStarted) {
  Event event;
  chi_task on_behalf;
  Task<Scope> task;
  {
    ScopeGuard scope({&executor_, &on_behalf});
    task = scope_after(event);
  }
  event.set();
  daemon_.run();
  EXPECT_EQ(task.take().task, &on_behalf);
  EXPECT_EQ(current_scope().task, nullptr);
}

TEST_F(TaskTest, ACoroutineWithoutAScopeTakesThatOfWhoWakesIt) {
  Event event;
  Task<Scope> task;
  {
    ScopeGuard none((Scope()));
    task = scope_after(event);
  }
  event.set();
  EXPECT_EQ(daemon_.ready(), 1u);
  daemon_.run();
  EXPECT_EQ(task.take().executor, &executor_);
}

TEST_F(TaskTest, WithoutAnyExecutorItIsResumedAtOnce) {
  ScopeGuard none((Scope()));
  Event event;
  std::vector<std::string> notes;
  auto task = parent_of(event, notes);
  event.set();
  EXPECT_EQ(task.take(), 6);
}

}  // namespace
}  // namespace chi
