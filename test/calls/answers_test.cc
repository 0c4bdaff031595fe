// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What comes back of a call: a handler's error, which nobody mistakes for the runtime's own; memory, which nobody
// copies in secret; and no more fields than call.max_message.
#include <answers/answers.h>

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/small_node.h"

namespace chi::test {
namespace {

using namespace std::chrono_literals;

class Answers : public SmallNode {
 protected:
  void SetUp() override { start_with(""); }
  void start_with(const std::string& config) {
    start(config);
    ASSERT_TRUE(client_->create_pool("answers", {.module = "answers", .containers = kContainers}).ok());
  }

  Pool pool(std::uint32_t at) const { return client_->pool("answers").on(container(at)); }
  std::uint64_t runs() const { return client_->pool("answers").on(all()).call<answers::Runs>().get().value().runs; }
};

using HandlersErrors = Answers;

TEST_F(HandlersErrors, AreTakenAsTheyAreAndNothingRunsTwice) {
  for (const char* where : {"", "router", "client", "answers/0"}) {
    for (const Code code : {Code::wrong_owner, Code::not_found, Code::unavailable, Code::aborted, Code::stale}) {
      const auto runs_of = [&](const std::function<void()>& call) {
        const std::uint64_t before = runs();
        call();
        EXPECT_TRUE(client_->flush().ok());
        return runs() - before;
      };
      const std::string text = std::string(code_name(code)) + " in '" + where + "'";
      EXPECT_EQ(runs_of([&] { EXPECT_EQ(pool(0).call<answers::Refuse>(code, where).get().code(), code); }), 1U) << text;
      EXPECT_EQ(runs_of([&] { EXPECT_EQ(pool(1).call<answers::RefuseLater>(code, where).get().code(), code); }), 1U)
          << text << ", by a coroutine";
      EXPECT_EQ(runs_of([&] { EXPECT_EQ(pool(2).call<answers::RefuseNext>(code, where).get().code(), code); }), 2U)
          << text << ", passed on";
      EXPECT_EQ(runs_of([&] {
                  auto any_one = client_->pool("answers").on(any()).call<answers::Refuse>(code, where).get();
                  EXPECT_EQ(any_one.code(), code);
                }),
                1U)
          << text << ", of any container";
      EXPECT_EQ(runs_of([&] {
                  auto each = client_->pool("answers").on(all()).gather<answers::Refuse>(code, where).get();
                  ASSERT_TRUE(each.ok());
                }),
                kContainers)
          << text << ", gathered";
      EXPECT_EQ(runs_of([&] {
                  auto last = client_->pool("answers").on(until_success()).call<answers::Refuse>(code, where).get();
                  EXPECT_EQ(last.code(), code);
                }),
                kContainers)
          << text << ", one after the other";
      EXPECT_EQ(runs_of([&] { EXPECT_TRUE(pool(3).fire_and_forget().call<answers::Refuse>(code, where).get().ok()); }),
                1U)
          << text << ", forgotten";
      EXPECT_EQ(runs_of([&] {
                  std::vector<Future<answers::Done>> queued;
                  queued.reserve(20);
                  for (int i = 0; i < 20; ++i) queued.push_back(pool(4).call<answers::RefuseLater>(code, where));
                  for (auto& each : queued) EXPECT_EQ(each.get().code(), code);
                }),
                20U)
          << text << ", from a queue";
    }
  }
}

// The refusal is the runtime's, but of a call that the handler has made.
TEST_F(HandlersErrors, ThatARefusedCallOfTheirsEndedWithDoNotMakeThemRunAgain) {
  const std::uint64_t before = runs();
  EXPECT_EQ(pool(0).call<answers::RefuseNext>().get().code(), Code::not_found);
  EXPECT_EQ(runs() - before, 1U);
}

TEST_F(HandlersErrors, DoNotHideThatAPoolWasMadeAnew) {
  EXPECT_EQ(pool(0).call<answers::Refuse>(Code::not_found).get().code(), Code::not_found);
  ASSERT_TRUE(client_->destroy_pool("answers").ok());
  ASSERT_TRUE(client_->create_pool("answers", {.module = "answers", .containers = kContainers}).ok());
  EXPECT_EQ(pool(0).call<answers::Refuse>(Code::aborted).get().code(), Code::aborted);
  EXPECT_EQ(runs(), 1U);
}

// A reply arena has 4 MiB. A reply of 3 MiB is once in the session's memory if the session has one such arena after it,
// and would be there a second time in another one.
class ReplyMemory : public Answers {
 protected:
  static constexpr std::uint64_t kSize = 3 << 20;
  static constexpr std::uint64_t kArena = 4 << 20;

  // Of the session of a client that makes one call, by which its memory grew.
  std::uint64_t growth(const std::function<void(const Pool&)>& call) const {
    Client client = runtime_->connect().value();
    const Pool pool = client.pool("answers");
    EXPECT_TRUE(pool.on(container(0)).call<answers::Runs>().get().ok());
    const std::uint64_t before = memory();
    call(pool);
    return memory() - before;
  }
  // Of the newest session.
  std::uint64_t memory() const {
    const auto sessions = status().sessions;
    const auto newest =
        std::max_element(sessions.begin(), sessions.end(), [](auto& a, auto& b) { return a.id < b.id; });
    return newest->memory;
  }
  static void expect_whole(const Result<answers::Given>& given, std::uint64_t fields) {
    ASSERT_TRUE(given.ok()) << given.error().to_string();
    EXPECT_EQ(given->text, std::string(fields, 'f'));
    ASSERT_EQ(given->data.size(), kSize);
    EXPECT_EQ(std::count(given->data.data(), given->data.data() + kSize, 7), std::ptrdiff_t{kSize});
  }
};

TEST_F(ReplyMemory, IsHandedOverAndNotCopied) {
  for (const std::uint64_t fields : {0U, 5000U}) {  // within the slots, and not
    for (std::uint32_t at = 0; at < kContainers; ++at) {
      const Query one = container(at);
      const std::string text = std::to_string(fields) + " bytes of fields, container " + std::to_string(at);
      EXPECT_EQ(growth([&](const Pool& pool) {
                  expect_whole(pool.on(one).call<answers::Give>(kSize, fields).get(), fields);
                }),
                kArena)
          << text << ", a plain handler";
      for (std::uint32_t naps = 0; naps < 3; ++naps) {
        EXPECT_EQ(growth([&](const Pool& pool) {
                    expect_whole(pool.on(one).call<answers::GiveLater>(kSize, fields, naps).get(), fields);
                  }),
                  kArena)
            << text << ", a coroutine that waited " << naps << " times";
      }
      EXPECT_EQ(growth([&](const Pool& pool) {
                  auto given = pool.on(range(at, 1)).gather<answers::Give>(kSize, fields).get();
                  ASSERT_TRUE(given.ok());
                  ASSERT_EQ(given->replies.size(), 1U);
                }),
                kArena)
          << text << ", gathered";
    }
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(growth([&](const Pool& pool) {
                  expect_whole(pool.on(any()).call<answers::GiveLater>(kSize, fields, 1U).get(), fields);
                }),
                kArena)
          << "of any container";
    }
  }
}

TEST_F(ReplyMemory, IsHandedOverFromAQueueToo) {
  EXPECT_EQ(growth([](const Pool& pool) {
              std::vector<Future<answers::Given>> given;
              given.reserve(8);
              for (int i = 0; i < 8; ++i) {
                given.push_back(pool.on(container(1)).call<answers::GiveLater>(kSize, std::uint64_t{100}, 2U));
              }
              std::vector<Result<answers::Given>> kept;  // all at once, so that none has another's place
              kept.reserve(given.size());
              for (auto& each : given) kept.push_back(each.get());
              for (const auto& each : kept) expect_whole(each, 100);
            }),
            8 * kArena);
}

class LargestMessage : public Answers {
 protected:
  void SetUp() override { start_with("call: {max_message: 4KiB}\n"); }

  static void expect_named(const Error& error, Code code, const std::string& size) {
    EXPECT_EQ(error.code, code) << error.to_string();
    EXPECT_NE(error.text.find("call.max_message"), std::string::npos) << error.text;
    EXPECT_NE(error.text.find("4096"), std::string::npos) << error.text;
    EXPECT_NE(error.text.find(size), std::string::npos) << error.text;
  }
};

TEST_F(LargestMessage, BoundsReplies) {
  constexpr std::uint64_t kNone = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pool(0).call<answers::Give>(kNone, 4000U).get()->text.size(), 4000U);
    expect_named(pool(0).call<answers::Give>(kNone, 5000U).get().error(), Code::resource_exhausted, "50");
    EXPECT_EQ(pool(1).call<answers::GiveLater>(kNone, 4000U, 1U).get()->text.size(), 4000U);
    expect_named(pool(1).call<answers::GiveLater>(kNone, 5000U, 1U).get().error(), Code::resource_exhausted, "50");
    expect_named(pool(1).call<answers::GiveLater>(100'000U, 5000U, 0U).get().error(), Code::resource_exhausted, "50");
    EXPECT_EQ(pool(1).call<answers::Give>(1U << 20, 4000U).get()->data.size(), 1U << 20) << "buffers count apart";
  }
  EXPECT_EQ(pool(2).call<answers::GiveNext>(kNone, 4000U).get()->text.size(), 4000U);
  expect_named(pool(2).call<answers::GiveNext>(kNone, 5000U).get().error(), Code::resource_exhausted, "50");
}

TEST_F(LargestMessage, BoundsGatheredReplies) {
  const Pool every = client_->pool("answers").on(all());
  EXPECT_EQ(every.gather<answers::Give>(std::uint64_t{0}, 500U).get()->replies.size(), kContainers);
  auto much = every.gather<answers::Give>(std::uint64_t{0}, 1500U).get();
  ASSERT_FALSE(much.ok());
  expect_named(much.error(), Code::resource_exhausted, "7");
  auto one = every.gather<answers::Give>(std::uint64_t{0}, 5000U).get();
  ASSERT_TRUE(one.ok()) << one.error().to_string();
  EXPECT_EQ(one->failures.size(), kContainers) << "each by itself";
  EXPECT_EQ(runs(), 3 * kContainers);
}

TEST_F(LargestMessage, BoundsRequests) {
  EXPECT_TRUE(pool(0).call<answers::Take>(std::string(4000, 'x')).get().ok());
  expect_named(pool(0).call<answers::Take>(std::string(5000, 'x')).get().error(), Code::invalid_argument, "50");
  EXPECT_TRUE(pool(0).call<answers::Send>(4000U).get().ok());
  expect_named(pool(0).call<answers::Send>(5000U).get().error(), Code::invalid_argument, "50");
}

}  // namespace
}  // namespace chi::test
