// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers that are added, and where their threads may run.
#include "runtime/crew.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>

#include "runtime/lane_map.h"

namespace chi::runtime {
namespace {

using namespace std::chrono_literals;

struct NoControl final : Control {
  void submit(ControlCall*) override {}
};

class CrewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    lanes_ = LaneMapPublisher::create(1, 1).value();
    CrewOptions options;
    options.workers = 1;
    options.limit = 4;
    options.isolate_after = 20ms;
    options.rest_after = 1ms;
    crew_ = Crew::create(options, clock_, log_, *lanes_, control_).value();
    crew_->on_rest([this] { ++rests_; });
    ASSERT_TRUE(crew_->start().ok());
    allowed_ = cpus_of_thread(0);
    ASSERT_FALSE(allowed_.empty());
  }
  void add(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(crew_->add_worker([](Worker&) {}).ok());
  }

  template <class F>
  static bool eventually(F is_so) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }

  SystemClock clock_;
  NullLogger log_;
  NoControl control_;
  std::unique_ptr<LaneMapPublisher> lanes_;
  std::atomic<int> rests_{0};
  std::unique_ptr<Crew> crew_;
  CpuList allowed_;
};

TEST_F(CrewTest, RestsOnceAfterEachTimeOfWork) {
  const auto rests_no_more = [&] {
    const int before = rests_;
    const auto end = std::chrono::steady_clock::now() + 600ms;  // twice the monitor's pause
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return rests_ == before;
  };
  ASSERT_TRUE(eventually([&] { return rests_ >= 1; }));
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(eventually(rests_no_more));
    const int before = rests_;
    ASSERT_TRUE(crew_->on_each(10s, [](Worker&) {}));
    ASSERT_TRUE(eventually([&] { return rests_ > before; }));
  }
}

TEST_F(CrewTest, ANewWorkerKnowsWhatItWasToldFirst) {
  auto told = std::make_shared<std::atomic<int>>(0);
  ASSERT_TRUE(crew_->add_worker([told](Worker& worker) { worker.run([told](Worker&) { told->store(1); }); }).ok());
  EXPECT_EQ(crew_->size(), 2U);
  EXPECT_EQ(crew_->active(), 1U);
  auto second_saw = std::make_shared<std::atomic<int>>(0);
  ASSERT_TRUE(crew_->on_each(10s, [told, second_saw](Worker& worker) {
    if (worker.index() == 1) second_saw->store(told->load());
  }));
  EXPECT_EQ(second_saw->load(), 1);
}

TEST_F(CrewTest, GrowsToItsLimitWhileOthersLook) {
  std::atomic<bool> end{false};
  std::atomic<bool> all_came{true};
  std::thread looker([&] {
    while (!end) all_came = all_came && crew_->on_each(10s, [](Worker&) {});
  });
  add(3);
  end = true;
  looker.join();
  EXPECT_TRUE(all_came);
  const auto refused = crew_->add_worker([](Worker&) {});
  EXPECT_EQ(refused.code(), Code::resource_exhausted);
  EXPECT_EQ(crew_->size(), 4U);
  auto seen = std::make_shared<std::atomic<std::uint32_t>>(0);
  ASSERT_TRUE(crew_->on_each(10s, [seen](Worker& worker) { seen->fetch_or(1U << worker.index()); }));
  EXPECT_EQ(seen->load(), 0xfU);
}

TEST_F(CrewTest, BindsItsThreadsAndNoOthers) {
  add(1);
  const CpuList one{allowed_.back()};
  EXPECT_EQ(crew_->bind(1, one), one);
  EXPECT_EQ(cpus_of_thread(crew_->threads()[1]), one);
  EXPECT_EQ(cpus_of_thread(crew_->threads()[0]), allowed_);
  EXPECT_EQ(cpus_of_thread(0), allowed_);
  auto inside = std::make_shared<CpuList>();
  ASSERT_TRUE(crew_->on_each(10s, [inside](Worker& worker) {
    if (worker.index() == 1) *inside = cpus_of_thread(0);
  }));
  EXPECT_EQ(*inside, one);
  EXPECT_EQ(crew_->bind(1, {}), allowed_);
}

TEST_F(CrewTest, CpusThatAreNotThereAreLeftOut) {
  const CpuList one{allowed_.front()};
  EXPECT_EQ(crew_->bind(0, {60'000, allowed_.front()}), one);
  EXPECT_EQ(crew_->bind(0, {60'000}), allowed_) << "a CPU that is not there has held the worker fast";
  EXPECT_EQ(crew_->bind(0, one), one);
  crew_->allow({allowed_.back()});
  EXPECT_EQ(crew_->cpus(0), CpuList{allowed_.back()});
  crew_->allow(allowed_);
  EXPECT_EQ(crew_->cpus(0), one) << "the wish was forgotten while it could not be met";
}

TEST_F(CrewTest, WorkersThatComeLaterKeepToWhatIsAllowed) {
  const CpuList one{allowed_.back()};
  crew_->allow(one);
  add(1);
  EXPECT_EQ(crew_->cpus(1), one);
}

// Held up until told.
struct Stuck final : StepJob {
  explicit Stuck(std::shared_ptr<std::atomic<bool>> release) : go(std::move(release)) {}
  void run() override {
    while (!*go) cpu_relax();
  }
  void done(Worker&) override { delete this; }
  std::shared_ptr<std::atomic<bool>> go;
};

TEST_F(CrewTest, ThePlaceGoesOverToTheThreadThatTakesOver) {
  const CpuList one{allowed_.front()};
  const pid_t first = crew_->threads()[0];
  crew_->bind(0, one);
  auto go = std::make_shared<std::atomic<bool>>(false);
  crew_->worker(0).run([go](Worker& worker) { worker.add_job(new Stuck(go)); });
  EXPECT_TRUE(eventually([&] { return crew_->threads().size() == 2; })) << "the worker was not taken away";
  EXPECT_EQ(crew_->cpus(0), one);
  EXPECT_EQ(cpus_of_thread(first), allowed_) << "the handler that goes on is still bound";
  EXPECT_EQ(crew_->threads()[1], first);
  *go = true;
  EXPECT_TRUE(eventually([&] { return crew_->threads().size() == 1; }));
}

}  // namespace
}  // namespace chi::runtime
