// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls, time and faults in a node that the test drives.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/unique_fd.h"
#include "chimaera/test_kit.h"
#include "test_kit/sample_modules.h"

namespace chi::test_kit::sample {
namespace {

using namespace std::chrono_literals;

class Node : public ::testing::Test {
 protected:
  TestNode node_ = TestNode::start({.workers = 2, .modules = {&kShelf, &kClerk}}).value();
  TestPool shelf_ = node_.create_pool("shelf", {.module = "shelf", .containers = 4}).value();
  TestPool clerk_ = node_.create_pool("clerk", {.module = "clerk"}).value();
};

TEST_F(Node, RunsCallsAndWhatTheyCall) {
  EXPECT_EQ(shelf_.call<Put>("a").get().value().count, 1U);
  EXPECT_EQ(clerk_.call<Store>("a").get().value().count, 2U);
  EXPECT_EQ(clerk_.call<Store>("b").get().value().count, 1U);
  EXPECT_EQ(shelf_.call<Size>().get().value().words, 2U);
  auto gathered = shelf_.gather<Size>().get().value();
  EXPECT_TRUE(gathered.complete());
  EXPECT_EQ(gathered.value.words, 2U);
  EXPECT_EQ(shelf_.on(all()).call<Put>("c").get().code(), Code::invalid_argument);
  auto each = shelf_.gather<Put>("c").get().value();
  ASSERT_EQ(each.replies.size(), 4U);
  EXPECT_EQ(each.replies[3].reply.value().count, 1U);
}

TEST_F(Node, MergedRepliesKeepTheirBuffers) {
  auto reply = shelf_.call<Dump>().get().value();
  auto other = shelf_.call<Dump>().get().value();
  EXPECT_EQ(reply.bytes.view(), std::string(5003, 'x'));
  EXPECT_EQ(other.bytes.view(), std::string(5003, 'x'));
}

TEST_F(Node, TimePassesOnlyWhenTheTestSaysSo) {
  const auto start = node_.now();
  auto long_one = clerk_.call<Wait>(std::chrono::nanoseconds(10s).count());
  node_.run();
  EXPECT_FALSE(long_one.done());
  EXPECT_EQ(node_.now(), start);
  node_.advance(9999ms);
  EXPECT_FALSE(long_one.done());
  node_.advance(1ms);
  EXPECT_TRUE(long_one.done());
  EXPECT_EQ(node_.now(), start + 10s);
  EXPECT_EQ(long_one.get().value().slept_ns, std::chrono::nanoseconds(10s).count());
  EXPECT_EQ(clerk_.call<Wait>(std::chrono::nanoseconds(20s).count()).get().value().slept_ns, 20'000'000'000);
  EXPECT_EQ(node_.now(), start + 30s);
  EXPECT_EQ(clerk_.with_deadline(1s).call<Wait>(std::chrono::nanoseconds(2s).count()).get().code(),
            Code::deadline_exceeded);
}

TEST_F(Node, CallsCanBeCancelledOrLeftAlone) {
  auto call = clerk_.call<Wait>(std::chrono::nanoseconds(10s).count());
  node_.run();
  call.cancel();
  EXPECT_EQ(call.get().code(), Code::cancelled);
  (void)clerk_.call<Store>("left alone");
  node_.run();
  EXPECT_EQ(shelf_.call<Size>().get().value().words, 1U);
}

TEST_F(Node, TheNthCallFails) {
  node_.fail_calls({.pool = "shelf", .method = "put", .nth = 2, .times = 2});
  EXPECT_EQ(clerk_.call<Store>("a").get().value().attempts, 1U);
  const auto before = node_.now();
  auto second = clerk_.call<Store>("a").get().value();
  EXPECT_EQ(second.attempts, 3U);
  EXPECT_EQ(second.count, 2U);  // those that failed did not reach the shelf
  EXPECT_EQ(node_.now(), before + 2s);
  EXPECT_EQ(node_.faults_struck(), 2U);
  EXPECT_EQ(clerk_.call<Store>("a").get().value().attempts, 1U);
}

TEST_F(Node, FailsWithTheGivenErrorAndOnlyWhatIsMeant) {
  node_.fail_calls({.pool = "other", .error = {Code::data_loss, "not this one", {}}});
  node_.fail_calls({.method = "get", .error = {Code::data_loss, "nor this one", {}}});
  node_.fail_calls({.error = {Code::aborted, "lost the race", {}}});
  auto failed = clerk_.call<Store>("a").get();
  ASSERT_EQ(failed.code(), Code::aborted);
  EXPECT_EQ(failed.error().text, "lost the race");
  EXPECT_EQ(shelf_.call<Size>().get().value().words, 0U);
}

TEST_F(Node, ALostCallEndsAtItsDeadline) {
  node_.fail_calls({.pool = "shelf", .no_answer = true});
  const auto before = node_.now();
  EXPECT_EQ(clerk_.call<Store>("a").get().code(), Code::deadline_exceeded);
  EXPECT_EQ(node_.now(), before + 5s);
  EXPECT_EQ(clerk_.call<Store>("a").get().value().attempts, 1U);
}

TEST_F(Node, SystemCallsAreMadeAndFail) {
  UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
  ASSERT_TRUE(file);
  EXPECT_EQ(clerk_.call<Save>(file.get(), Bytes("hello")).get().value().written, 5U);
  char read[8] = {};
  ASSERT_EQ(::pread(file.get(), read, sizeof read, 0), 5);
  EXPECT_STREQ(read, "hello");
  node_.fail_io({.operation = CHI_IO_FSYNC, .nth = 2, .error_number = ENOSPC});
  EXPECT_TRUE(clerk_.call<Save>(file.get(), Bytes("other")).get().ok());
  EXPECT_EQ(clerk_.call<Save>(file.get(), Bytes("third")).get().code(), Code::resource_exhausted);
  EXPECT_EQ(clerk_.call<Save>(-1, Bytes("x")).get().code(), Code::invalid_argument);
}

TEST_F(Node, CallersAreWhoTheySayAndMayDoWhatTheyMay) {
  auto open = node_.create_pool("open", {.module = "clerk", .mode = 0644}).value();
  EXPECT_EQ(open.call<Who>().get().value().uid, ::geteuid());
  EXPECT_EQ(open.as(4711, 4711).call<Who>().get().code(), Code::permission_denied);
  EXPECT_TRUE(open.as(4711, 4711).call<Wait>(0).get().ok());
}

TEST_F(Node, RefusesWhatCannotBe) {
  EXPECT_EQ(TestNode::start({.workers = 0}).code(), Code::invalid_argument);
  EXPECT_EQ(node_.create_pool("p", {.module = "nothing_of_the_kind"}).code(), Code::not_found);
  EXPECT_EQ(node_.create_pool("no/name", {.module = "shelf"}).code(), Code::invalid_argument);
  EXPECT_EQ(node_.create_pool("p", {.module = "shelf", .containers = 0}).code(), Code::invalid_argument);
  EXPECT_EQ(node_.create_pool("shelf", {.module = "shelf"}).code(), Code::already_exists);
  EXPECT_EQ(node_.pool("p").call<Size>().get().code(), Code::not_found);
  EXPECT_EQ(node_.destroy_pool("p").code(), Code::not_found);
  auto refused = node_.create_pool("p", {.module = "shelf", .config = encode_to_string(Shelf::Config{0})});
  ASSERT_EQ(refused.code(), Code::invalid_argument);
  EXPECT_EQ(refused.error().text, "most is 0");
  EXPECT_EQ(node_.pool("p").call<Size>().get().code(), Code::not_found);
}

TEST_F(Node, APoolGoesWithWhatRunsInIt) {
  auto call = clerk_.with_deadline(3s).call<Wait>(std::chrono::nanoseconds(1h).count());
  node_.run();
  ASSERT_TRUE(node_.destroy_pool("clerk").ok());
  EXPECT_EQ(call.get().code(), Code::deadline_exceeded);
  EXPECT_EQ(clerk_.call<Who>().get().code(), Code::not_found);
}

TEST(Seed, DecidesWhatIsRandom) {
  auto random = [](std::uint64_t seed) {
    auto node = TestNode::start({.workers = 3, .seed = seed, .modules = {&kClerk}}).value();
    auto clerk = node.create_pool("clerk", {.module = "clerk", .containers = 3}).value();
    std::string out;
    auto gathered = clerk.gather<Wait>(1000).get().value();
    for (auto& each : gathered.replies) {
      out += std::to_string(each.reply.value().random) + " ";
    }
    return out;
  };
  EXPECT_EQ(random(7), random(7));
  EXPECT_NE(random(7), random(8));
}

}  // namespace
}  // namespace chi::test_kit::sample
