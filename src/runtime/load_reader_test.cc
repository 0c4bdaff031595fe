// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "runtime/load_reader.h"

#include <gtest/gtest.h>

#include <future>

#include "directory/local_directory.h"
#include "runtime/dispatch.h"
#include "store/memory_store.h"

namespace chi::runtime {
namespace {

constexpr std::uint32_t kContainers = 4;
constexpr std::uint64_t kSecond = 1'000'000'000;

std::atomic<bool> held{false};  // `hold` spins until it is false

void spin_for(std::chrono::nanoseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

std::int32_t echo(void*, chi_task*, const chi_message* request, chi_out* out) {
  std::memcpy(out->data, request->data, request->size);
  out->size = request->size;
  return CHI_DONE;
}
std::int32_t spin(void*, chi_task*, const chi_message*, chi_out*) {
  spin_for(std::chrono::milliseconds(5));
  return CHI_DONE;
}
std::int32_t hold(void*, chi_task*, const chi_message*, chi_out*) {
  while (held) {
  }
  return CHI_DONE;
}

const chi_method kMethods[] = {
    {1, CHI_ACCESS_READ, "echo", "()", "()", echo, nullptr, CHI_ROUTE_DEFAULT, 0},
    {2, CHI_ACCESS_READ, "spin", "()", "()", spin, nullptr, CHI_ROUTE_DEFAULT, 0},
    {3, CHI_ACCESS_READ, "hold", "()", "()", hold, nullptr, CHI_ROUTE_DEFAULT, 0},
    {4, CHI_ACCESS_READ | CHI_METHOD_LONG_RUNNING, "scrub", "()", "()", echo, nullptr, CHI_ROUTE_DEFAULT, 0},
};

chi_module module_table() {
  chi_module out{};
  out.magic = CHI_ABI_MAGIC;
  out.abi_version = CHI_ABI_VERSION;
  out.size = sizeof(chi_module);
  out.method_size = sizeof(chi_method);
  out.name = "sample";
  out.version = "1.0.0";
  out.method_count = std::size(kMethods);
  out.methods = kMethods;
  out.create = [](const chi_services*, chi_container* container, const chi_create*, void** self, void*,
                  void (*)(void*, const chi_message*)) -> std::int32_t {
    *self = container;
    return 0;
  };
  out.destroy = [](void*) {};
  return out;
}

struct NoControl final : Control {
  void submit(ControlCall*) override {}
};

// Disposes of itself; says how the call ended.
struct Question final : Asker {
  Question() : dispatch(*this) {}
  void answered(const Answer& answer) override { code.set_value(answer.code); }
  void over() override { delete this; }
  std::promise<Code> code;
  Dispatch dispatch;
};

class Reading : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = LocalDirectory::open(store_, clock_).value();
    lanes_ = LaneMapPublisher::create(2, 1).value();
    CrewOptions options;
    options.workers = 2;
    options.limit = 2;
    options.isolate_after = std::chrono::seconds(20);
    crew_ = Crew::create(options, clock_, log_, *lanes_, control_).value();
    ASSERT_TRUE(crew_->start().ok());
    keeper_ = std::make_unique<PoolKeeper>(*crew_, *lanes_, *directory_, clock_, log_, 1);
    reader_ = std::make_unique<LoadReader>(*crew_, *keeper_, clock_);
  }
  void TearDown() override {
    held = false;
    keeper_->drain(clock_.now_ns() + 10 * kSecond);
    keeper_->destroy_all(clock_.now_ns() + kSecond);
    EXPECT_TRUE(crew_->stop(std::chrono::seconds(10)));
  }

  PoolId make_pool(const std::string& name) {
    PoolPlan plan;
    plan.name = name;
    plan.module = Module::linked(table_);
    plan.containers = kContainers;
    return keeper_->create(std::move(plan), clock_.now_ns() + 10 * kSecond).value()->id;
  }

  std::future<Code> ask(PoolId pool, std::uint32_t container, std::uint32_t method, std::uint32_t bytes = 0,
                        Priority priority = Priority::low_latency) {
    return std::move(ask_all(pool, container, {method}, bytes, priority).front());
  }
  // All are on the lane before the first runs.
  std::vector<std::future<Code>> ask_all(PoolId pool, std::uint32_t container, std::vector<std::uint32_t> methods,
                                         std::uint32_t bytes = 0, Priority priority = Priority::low_latency) {
    std::vector<Question*> questions;
    std::vector<std::future<Code>> codes;
    for (std::size_t i = 0; i < methods.size(); ++i) {
      questions.push_back(new Question);
      codes.push_back(questions.back()->code.get_future());
    }
    crew_->worker(container % 2).run([=](Worker& worker) {
      Request request;
      request.pool = pool;
      request.query.kind = QueryKind::container;
      request.query.first = container;
      request.query.count = 1;
      request.priority = priority;
      const std::string data(bytes, 'x');
      for (std::size_t i = 0; i < methods.size(); ++i) {
        request.method = methods[i];
        questions[i]->dispatch.start(worker, request,
                                     {reinterpret_cast<const std::uint8_t*>(data.data()), bytes, 0, nullptr});
      }
    });
    return codes;
  }
  // A reply comes before the counts of the task that it is of may be seen by others; what is behind on the worker not.
  void settle() {
    crew_->on_each(std::chrono::seconds(10), [](Worker&) {});
  }

  static const worch::LaneView* lane(const worch::View& view, PoolId pool, std::uint32_t container) {
    for (const auto& each : view.lanes) {
      if (each.pool == pool && each.container == container) return &each;
    }
    return nullptr;
  }

  const chi_module table_ = module_table();
  SystemClock clock_;
  NullLogger log_;
  NoControl control_;
  MemoryStore store_;
  std::unique_ptr<LocalDirectory> directory_;
  std::unique_ptr<LaneMapPublisher> lanes_;
  std::unique_ptr<Crew> crew_;
  std::unique_ptr<PoolKeeper> keeper_;
  std::unique_ptr<LoadReader> reader_;
};

TEST_F(Reading, TellsWhatWasDoneSinceTheLastTime) {
  const PoolId pool = make_pool("p");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(ask(pool, 1, 1, 100).get(), Code::ok);
  ASSERT_EQ(ask(pool, 2, 1, 50, Priority::high_throughput).get(), Code::ok);
  settle();
  const worch::View first = reader_->read();
  EXPECT_EQ(first.workers.size(), 2U);
  EXPECT_EQ(first.lanes.size(), kContainers);
  const worch::LaneView busy = *lane(first, pool, 1);
  EXPECT_EQ(busy.tasks, 10U);
  EXPECT_EQ(busy.bytes, 10U * 200);
  EXPECT_FALSE(busy.high_throughput);
  EXPECT_GT(busy.handler_ns, 0U);
  EXPECT_EQ(busy.queued, 0U);
  EXPECT_EQ(busy.expected_ns, 0U);
  EXPECT_EQ(busy.running, 0U);
  EXPECT_EQ(busy.worker, 1U);
  EXPECT_TRUE(lane(first, pool, 2)->high_throughput);
  EXPECT_EQ(lane(first, pool, 2)->bytes, 100U);
  EXPECT_EQ(lane(first, pool, 3)->tasks, 0U);

  ASSERT_EQ(ask(pool, 1, 1, 7).get(), Code::ok);
  settle();
  const worch::View second = reader_->read();
  EXPECT_GT(second.period_ns, 0U);
  EXPECT_EQ(lane(second, pool, 1)->tasks, 1U);
  EXPECT_EQ(lane(second, pool, 1)->bytes, 14U);
  EXPECT_EQ(lane(second, pool, 2)->tasks, 0U);
}

TEST_F(Reading, WhenNothingRunsNothingIsMeasured) {
  const PoolId pool = make_pool("p");
  ASSERT_EQ(ask(pool, 0, 1).get(), Code::ok);
  settle();
  reader_->read();
  const worch::View idle = reader_->read();
  for (const auto& each : idle.lanes) {
    EXPECT_EQ(each.tasks + each.handler_ns + each.wait_ns + each.bytes + each.longest_ns, 0U) << each.container;
  }
  for (const auto& each : idle.workers) EXPECT_EQ(each.tasks + each.busy_ns + each.in_handler_ns, 0U) << each.index;
}

TEST_F(Reading, LongTasksAreSeenWithTheirTimeAndWhoWaitsForThem) {
  const PoolId pool = make_pool("p");
  reader_->read();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(ask(pool, 0, 1).get(), Code::ok);
  auto codes = ask_all(pool, 0, {2, 2, 2, 2});
  for (auto& code : codes) ASSERT_EQ(code.get(), Code::ok);
  settle();
  const worch::View view = reader_->read();
  const worch::LaneView& spun = *lane(view, pool, 0);
  EXPECT_GE(spun.handler_ns, 20'000'000U * 0.99);
  EXPECT_LT(spun.handler_ns, 400'000'000U);
  EXPECT_GE(spun.longest_ns, 5'000'000U * 0.99);
  EXPECT_TRUE(spun.long_running);
  EXPECT_FALSE(spun.declared_long);
  EXPECT_GE(spun.wait_ns, (5'000'000U + 10'000'000 + 15'000'000) * 0.9) << "each waited for those before it";
  EXPECT_FALSE(lane(view, pool, 1)->long_running);
  const worch::WorkerView& worker = view.workers[spun.worker];
  EXPECT_GE(worker.busy_ns, spun.handler_ns);
  EXPECT_EQ(worker.longest_ns, spun.longest_ns);
  EXPECT_GE(worker.wait_ns, spun.wait_ns);
  EXPECT_GE(worker.bytes, spun.bytes);
  EXPECT_EQ(worker.running, 0U);
  EXPECT_EQ(lane(reader_->read(), pool, 0)->longest_ns, 0U) << "since the last reading";
}

TEST_F(Reading, DeclaredLongIsLongThoughItIsShort) {
  const PoolId pool = make_pool("p");
  ASSERT_EQ(ask(pool, 3, 4).get(), Code::ok);
  settle();
  const worch::View view = reader_->read();
  EXPECT_TRUE(lane(view, pool, 3)->long_running);
  EXPECT_TRUE(lane(view, pool, 3)->declared_long);
}

TEST_F(Reading, WhatIsQueuedIsWeighedByTheModel) {
  const PoolId pool = make_pool("p");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(ask(pool, 0, 2).get(), Code::ok);
  held = true;
  auto codes = ask_all(pool, 0, {3, 2, 2, 2});
  worch::View view;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  do {
    view = reader_->read();
  } while (view.workers[0].in_handler_ns == 0 && std::chrono::steady_clock::now() < until);
  EXPECT_GT(view.workers[0].in_handler_ns, 0U);
  EXPECT_EQ(lane(view, pool, 0)->queued, 3U);
  EXPECT_EQ(lane(view, pool, 0)->running, 4U);
  EXPECT_EQ(view.workers[lane(view, pool, 0)->worker].running, 4U);
  EXPECT_GE(lane(view, pool, 0)->expected_ns, 15'000'000U * 0.99);
  EXPECT_LT(lane(view, pool, 0)->expected_ns, 150'000'000U);
  held = false;
  for (auto& code : codes) ASSERT_EQ(code.get(), Code::ok);
  settle();
  view = reader_->read();
  EXPECT_EQ(lane(view, pool, 0)->expected_ns, 0U) << "what was added was taken away";
  EXPECT_EQ(lane(view, pool, 0)->queued, 0U);
}

TEST_F(Reading, PoolsComeAndGo) {
  const PoolId first = make_pool("first");
  ASSERT_EQ(ask(first, 0, 1, 10).get(), Code::ok);
  settle();
  EXPECT_EQ(lane(reader_->read(), first, 0)->tasks, 1U);
  ASSERT_TRUE(keeper_->destroy("first", clock_.now_ns() + 10 * kSecond).ok());
  const PoolId second = make_pool("second");
  ASSERT_EQ(ask(second, 0, 1, 10).get(), Code::ok);
  settle();
  const worch::View view = reader_->read();
  EXPECT_EQ(view.lanes.size(), kContainers);
  EXPECT_EQ(lane(view, first, 0), nullptr);
  EXPECT_EQ(lane(view, second, 0)->tasks, 1U);
}

}  // namespace
}  // namespace chi::runtime
