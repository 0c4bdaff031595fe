// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <chimaera/detail/container_core.h>
#include <chimaera/sync.h>
#include <chimaera/when_all.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "coro/fake_daemon.h"

namespace chi {
namespace {

using namespace std::chrono_literals;

class WhenAllTest : public ::testing::Test {
 protected:
  void SetUp() override {
    chi_create made{};
    core_.attach(fake::Daemon::services(), daemon_.container(), made);
    scope_.emplace(Scope{&core_.executor, nullptr});
  }
  void TearDown() override {
    scope_.reset();
    daemon_.run();
    EXPECT_EQ(fake::Daemon::blocks, 0);
  }

  fake::Daemon daemon_;
  detail::ContainerCore core_;
  std::optional<ScopeGuard> scope_;
};

Task<std::string> after(std::chrono::nanoseconds time, std::string text) {
  auto slept = co_await sleep_for(time);
  if (!slept.ok()) throw std::runtime_error("cut short");
  if (text == "bad") throw std::runtime_error("a bad one");
  co_return text + std::string(40, '.');
}
Task<void> nothing() { co_return; }

TEST_F(WhenAllTest, RunsTasksAndOperationsAtTheSameTime) {
  auto run = []() -> Task<std::size_t> {
    auto group = when_all(after(5ms, "a"), nothing(), after(3ms, "bc"), sleep_for(4ms));
    auto results = co_await group;
    co_return std::get<0>(results).size() + std::get<2>(results).size() + (std::get<3>(results).ok() ? 1000 : 0);
  };
  auto task = run();
  daemon_.advance(4ms);
  EXPECT_FALSE(task.done());
  daemon_.advance(1ms);
  EXPECT_EQ(task.take(), 1083u);
}

TEST_F(WhenAllTest, AVectorGivesItsResultsInOrder) {
  auto run = []() -> Task<std::string> {
    std::vector<Task<std::string>> tasks;
    for (int i = 5; i > 0; --i) tasks.push_back(after(i * 1ms, std::to_string(i)));
    auto results = co_await when_all(std::move(tasks));
    std::string out;
    for (const auto& result : results) out += result[0];
    co_return out;
  };
  auto task = run();
  daemon_.advance(5ms);
  EXPECT_EQ(task.take(), "54321");
}

TEST_F(WhenAllTest, AnEmptyOrFinishedGroupDoesNotSuspend) {
  auto run = []() -> Task<std::size_t> {
    auto none = co_await when_all(std::vector<Task<int>>());
    auto group = when_all(nothing(), nothing());
    auto two = co_await group;
    co_return none.size() + std::tuple_size_v<decltype(two)>;
  };
  EXPECT_EQ(run().take(), 2u);
  EXPECT_EQ(daemon_.steps, 0u);
}

TEST_F(WhenAllTest, AnExceptionComesWhenAllHaveEnded) {
  auto run = [](bool& late) -> Task<std::string> {
    auto ends_late = [](bool& set) -> Task<void> {
      auto slept = co_await sleep_for(9ms);
      set = slept.ok();
    };
    try {
      auto group = when_all(after(1ms, "bad"), ends_late(late));
      auto results = co_await group;
      co_return std::get<0>(results);
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
  };
  bool late = false;
  auto task = run(late);
  daemon_.advance(5ms);
  EXPECT_FALSE(task.done());
  daemon_.advance(5ms);
  EXPECT_TRUE(late);
  EXPECT_EQ(task.take(), "a bad one");
}

TEST_F(WhenAllTest, DestroyingItDestroysWhatRuns) {
  auto run = []() -> Task<void> {
    auto group = when_all(after(1ms, "a"), after(2ms, "b"));
    auto results = co_await group;
    (void)results;
  };
  {
    auto task = run();
    daemon_.advance(1ms);
  }
  EXPECT_EQ(daemon_.timers(), 0u);
}

}  // namespace
}  // namespace chi
