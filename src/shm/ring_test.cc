// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The rings: messages of every length through all positions, full rings, and writers and readers that lie.
#include "shm/ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace chi::shm {
namespace {

struct RingTest : ::testing::Test {
  std::unique_ptr<Channel> channel = std::make_unique<Channel>();
  RequestWriter writer{*channel};
  RequestReader reader{*channel};
  RequestSlot slot;
  std::uint8_t scratch[kMaxMessageSlots * kCacheLine];
  const std::uint8_t* bytes = nullptr;
  std::uint32_t size = 0;

  bool send(std::uint64_t sequence, std::uint32_t length) {
    std::uint32_t slots = slots_for<RequestSlot>(length);
    RequestSlot* out = writer.reserve(slots);
    if (!out) return false;
    out->flags = 0;
    out->buffers = 0;
    out->set_sequence(sequence);
    out->payload_size = static_cast<std::uint16_t>(length);
    std::vector<std::uint8_t> data(length);
    for (std::uint32_t i = 0; i < length; ++i) data[i] = static_cast<std::uint8_t>(sequence + i);
    writer.fill(data.data(), length);
    writer.publish(slots);
    return true;
  }
  void expect(std::uint64_t sequence, std::uint32_t length) {
    ASSERT_TRUE(reader.ready());
    ASSERT_TRUE(reader.take(slot, scratch, bytes, size));
    ASSERT_EQ(slot.sequence(), sequence);
    ASSERT_EQ(size, length);
    for (std::uint32_t i = 0; i < length; ++i) ASSERT_EQ(bytes[i], static_cast<std::uint8_t>(sequence + i));
  }
};

TEST_F(RingTest, CarriesEveryLengthAcrossEveryPosition) {
  std::uint64_t sequence = 0;
  for (int lap = 0; lap < 20; ++lap) {
    for (std::uint32_t length = 0; length <= kMaxInlineRequest; length += 7, ++sequence) {
      ASSERT_TRUE(send(sequence, length));
      expect(sequence, length);
      reader.publish_head();
    }
  }
  EXPECT_FALSE(reader.ready());
}

TEST_F(RingTest, IsFullWhenNothingIsConsumed) {
  std::uint64_t sent = 0;
  while (send(sent, 10)) ++sent;
  EXPECT_EQ(sent, kRingSlots);
  for (std::uint64_t i = 0; i < sent; ++i) expect(i, 10);
  reader.publish_head();
  EXPECT_TRUE(send(sent, kMaxInlineRequest));
}

// Another thread sees what is not yet done with, by sequence and up to the newest, whatever lies in between.
TEST_F(RingTest, SomeRequestWaitsUntilItIsDoneWith) {
  auto waits = [&](std::uint64_t sequence) {
    return some_request_waits(*channel, [sequence](const RequestSlot& each) { return each.sequence() == sequence; });
  };
  std::uint64_t sequence = 1;
  for (int lap = 0; lap < 30; ++lap) {
    const std::uint64_t first = sequence;
    for (std::uint32_t length : {0U, 100U, kMaxInlineRequest}) ASSERT_TRUE(send(sequence++, length));
    for (std::uint64_t each = first; each < sequence; ++each) EXPECT_TRUE(waits(each)) << each;
    EXPECT_FALSE(waits(sequence));
    EXPECT_FALSE(waits(first - 1));
    expect(first, 0);
    expect(first + 1, 100);
    EXPECT_TRUE(waits(first)) << "taken, but not done with";
    reader.publish_before_last();
    EXPECT_FALSE(waits(first));
    EXPECT_TRUE(waits(first + 1));
    expect(first + 2, kMaxInlineRequest);
    reader.publish_head();
    EXPECT_FALSE(waits(first + 2));
  }
}

// A ring whose owner lies about its head, or about lengths, is looked at in bounded time.
TEST_F(RingTest, ARingThatLiesIsLookedAtAllTheSame) {
  auto look = [&] { return some_request_waits(*channel, [](const RequestSlot&) { return false; }); };
  for (std::uint32_t i = 0; i < kRingSlots; ++i) {
    channel->requests[i].position = 1'000'000 + i;
    channel->requests[i].payload_size = 0xffff;
  }
  channel->request_head = 999'000;
  static_cast<void>(look());
  channel->request_head = ~0U - 3;
  static_cast<void>(look());
  EXPECT_FALSE(reader.ready());
}

TEST_F(RingTest, AMessageThatLiesAboutItsLengthIsSteppedOver) {
  ASSERT_TRUE(send(1, 10));
  channel->requests[1].payload_size = kMaxInlineRequest + 1;
  ASSERT_TRUE(send(2, 10));
  channel->requests[2].payload_size = 0xffff;
  ASSERT_TRUE(send(3, 10));
  ASSERT_TRUE(reader.ready());
  EXPECT_FALSE(reader.take(slot, scratch, bytes, size));
  ASSERT_TRUE(reader.ready());
  EXPECT_FALSE(reader.take(slot, scratch, bytes, size));
  expect(3, 10);
}

TEST_F(RingTest, AReaderThatClaimsWhatWasNotWrittenStopsTheWriter) {
  while (send(0, 0)) continue;
  channel->request_head.store(kRingSlots + 1000);
  EXPECT_FALSE(send(1, 0));
  channel->request_head.store(0xffffff00);
  EXPECT_FALSE(send(1, 0));
  channel->request_head.store(1);
  EXPECT_TRUE(send(1, 0));
}

TEST_F(RingTest, TwoThreadsMillionsOfTimes) {
  constexpr std::uint64_t kMessages = 300000;
  std::thread sender([this] {
    for (std::uint64_t i = 0; i < kMessages; ++i) {
      while (!send(i, static_cast<std::uint32_t>(i % 100))) std::this_thread::yield();
    }
  });
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    while (!reader.ready()) {
      reader.publish_head();
      std::this_thread::yield();
    }
    expect(i, static_cast<std::uint32_t>(i % 100));
    reader.publish_if_due();
  }
  sender.join();
}

}  // namespace
}  // namespace chi::shm
