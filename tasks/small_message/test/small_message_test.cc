// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The built module in a runtime, as its callers see it.
#include <chimaera/runtime.h>
#include <gtest/gtest.h>
#include <small_message/pattern.h>
#include <small_message/small_message.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace small_message {
namespace {

using std::chrono::milliseconds;

chi::Bytes pattern(std::size_t size, std::uint64_t seed) {
  chi::Bytes bytes(size);
  fill_pattern({bytes.data(), bytes.size()}, seed);
  return bytes;
}

class SmallMessageTest : public ::testing::Test {
 protected:
  chi::Pool make(const std::string& name, std::uint32_t containers, const Config& config = {}) {
    chi::PoolOptions options{.module = "small_message", .containers = containers};
    options.config = chi::Bytes(chi::encode_to_string(config));
    return client_.create_pool(name, options).value();
  }

  chi::Runtime runtime_ = chi::Runtime::start({.workers = 2, .module_paths = {SMALL_MESSAGE_MODULES}}).value();
  chi::Client client_ = runtime_.connect().value();
};

TEST(Pattern, IsTheSameWhateverItsLength) {
  for (std::size_t size = 0; size < 40; ++size) {
    EXPECT_EQ(pattern(size, 5).view(), pattern(64, 5).view().substr(0, size));
  }
  EXPECT_FALSE(pattern(64, 5) == pattern(64, 6));
}

TEST_F(SmallMessageTest, RecursesThroughContainers) {
  const chi::Pool pool = make("messages", 3);
  for (std::uint32_t depth : {0, 1, 2, 7, 500}) {
    EXPECT_EQ(pool.call<Md>(depth).get().value().value, 1u) << depth;
  }
  EXPECT_EQ(make("alone", 1).call<Md>(20u).get().value().value, 1u);
}

TEST_F(SmallMessageTest, RecursesThroughPools) {
  Config there, back;
  there.next_pool = "back";
  back.next_pool = "there";
  make("back", 2, back);
  const chi::Pool pool = make("there", 3, there);
  EXPECT_EQ(pool.call<Md>(9u).get().value().value, 1u);
  there.next_pool = "nowhere";
  EXPECT_EQ(make("lost", 1, there).call<Md>(1u).get().code(), chi::Code::not_found);
}

TEST_F(SmallMessageTest, RefusesToRecurseForEver) {
  EXPECT_EQ(make("messages", 2).call<Md>(4'000'000'000u).get().code(), chi::Code::invalid_argument);
}

TEST_F(SmallMessageTest, CarriesBulkDataBothWays) {
  const chi::Pool pool = make("messages", 2);
  for (std::size_t size : {0, 1, 500, 513, 65'536, 3'000'000}) {
    const chi::Bytes data = pattern(size, size);
    const IoReply reply = pool.call<Io>(data, checksum(data.span()), size + 7, size + 1).get().value();
    EXPECT_EQ(reply.data.view(), pattern(size + 7, size + 1).view()) << size;
    EXPECT_EQ(reply.checksum, checksum(reply.data.span()));
    EXPECT_EQ(pool.call<Write>(data, checksum(data.span())).get().value().checksum, checksum(data.span()));
    EXPECT_EQ(pool.call<Read>(size, 3u).get().value().data.view(), pattern(size, 3).view());
  }
}

TEST_F(SmallMessageTest, SaysThatDataIsDamaged) {
  const chi::Pool pool = make("messages", 1);
  const chi::Bytes data = pattern(1000, 1);
  EXPECT_EQ(pool.call<Io>(data, checksum(data.span()) + 1).get().code(), chi::Code::data_loss);
  EXPECT_EQ(pool.call<Write>(data, 0u).get().code(), chi::Code::data_loss);
  EXPECT_EQ(pool.call<Read>(kMaxBulk + 1).get().code(), chi::Code::invalid_argument);
}

TEST_F(SmallMessageTest, WorksInTheCallersOwnMemory) {
  const chi::Pool pool = make("messages", 1);
  const chi::Buffer buffer = client_.allocate_buffer(10'000).value();
  EXPECT_EQ(pool.call<PassBuffer>(buffer).get().value().size, 10'000u);
  const ChecksumReply filled = pool.call<Fill>(buffer, 4u).get().value();
  EXPECT_EQ(buffer.view(), pattern(10'000, 4).view());
  EXPECT_EQ(filled.checksum, checksum(buffer.span()));
}

TEST_F(SmallMessageTest, DoesNothingInTwoWays) {
  const chi::Pool pool = make("messages", 2);
  EXPECT_TRUE(pool.call<Null>().get().ok());
  EXPECT_TRUE(pool.call<NullCoroutine>().get().ok());
}

TEST_F(SmallMessageTest, TakesItsTime) {
  const chi::Pool pool = make("messages", 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(pool.call<Spin>(2000u).get().ok());
  EXPECT_TRUE(pool.call<Nap>(2000u).get().ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(4));
}

TEST_F(SmallMessageTest, NapsLetOthersRunAndEndWhenNobodyWaits) {
  const chi::Pool pool = make("messages", 1);
  auto long_nap = pool.call<Nap>(UINT64_MAX);
  EXPECT_TRUE(pool.call<Null>().get().ok());
  EXPECT_FALSE(long_nap.ready());
  long_nap.cancel();
  EXPECT_EQ(long_nap.get().code(), chi::Code::cancelled);
  EXPECT_TRUE(pool.flush().ok());
}

TEST_F(SmallMessageTest, FailsAsItIsTold) {
  const chi::Pool pool = make("messages", 1);
  const auto failed = pool.call<Fail>(chi::Code::aborted, "as told").get();
  EXPECT_EQ(failed.code(), chi::Code::aborted);
  EXPECT_EQ(failed.error().text, "as told");
  EXPECT_EQ(failed.error().where, "messages/0");
  const auto thrown = pool.call<Fail>(chi::Code::ok, "as told", true).get();
  EXPECT_EQ(thrown.code(), chi::Code::internal);
  EXPECT_NE(thrown.error().text.find("as told"), std::string::npos);
}

}  // namespace
}  // namespace small_message
