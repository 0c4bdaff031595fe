// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a session lends and takes back, and what it refuses.
#include "runtime/session.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>

#include "chimaera/bytes.h"
#include "shm/packet.h"

namespace chi::runtime {
namespace {

constexpr std::uint64_t kLimit = 16 << 20;

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    client_ = UniqueFd(ends[0]);
    session_ = std::make_shared<Session>(1, Credentials{1, 2, 3}, UniqueFd(ends[1]), kLimit);
  }

  UniqueFd client_;
  std::shared_ptr<Session> session_;
};

TEST_F(SessionTest, ResolvesOnlyWhatLiesInsideAnArena) {
  auto arena = session_->add_client_arena(1 << 20);
  ASSERT_TRUE(arena.ok());
  const std::uint32_t segment = arena->segment;
  chi_buffer out{};
  EXPECT_TRUE(session_->resolve({segment, 1 << 20, 0}, out));
  EXPECT_TRUE(session_->resolve({segment, 0, 1 << 20}, out));
  EXPECT_FALSE(session_->resolve({segment, 1, 1 << 20}, out));
  EXPECT_FALSE(session_->resolve({segment, (1 << 20) + 1, 0}, out));
  EXPECT_FALSE(session_->resolve({segment, 0xffffffff, 0xffffffffffffffff}, out));
  EXPECT_FALSE(session_->resolve({segment + 1, 1, 0}, out));
  EXPECT_FALSE(session_->resolve({0xffffffff, 1, 0}, out));
}

TEST_F(SessionTest, CountsMemoryAgainstTheLimit) {
  EXPECT_TRUE(session_->add_client_arena(8 << 20).ok());
  auto refused = session_->add_client_arena(9 << 20);
  EXPECT_EQ(refused.code(), Code::resource_exhausted);
  EXPECT_NE(refused.error().text.find("session.memory_limit"), std::string::npos);
  EXPECT_EQ(session_->memory(), 8U << 20);
  EXPECT_EQ(session_->add_client_arena(0).code(), Code::resource_exhausted);
  EXPECT_EQ(session_->add_client_arena(~std::uint64_t{0}).code(), Code::resource_exhausted);
}

TEST_F(SessionTest, MemoryIsCountedAsItIsMappedAndGivenBackAsItWasCounted) {
  for (int i = 0; i < 100; ++i) {
    auto made = session_->create_segment("chimaera-test", 10'000);
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    EXPECT_EQ(session_->memory(), made->memory.size());
  }
  EXPECT_EQ(session_->memory(), 0U);
  ASSERT_TRUE(session_->add_client_arena(1).ok());
  EXPECT_EQ(session_->memory(), 4096U);
}

TEST_F(SessionTest, AnArenaThatCannotBeAnnouncedKeepsNoMemory) {
  while (shm::send_packet(session_->socket(), {}, {}, 0).ok()) {
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(session_->allocate_reply(1 << 20).ok());
    EXPECT_EQ(session_->memory(), 0U);
  }
}

TEST_F(SessionTest, ReplyBuffersComeBackWhenTheClientReleasesThem) {
  for (int i = 0; i < 100; ++i) {  // 100 MiB through a limit of 16
    auto buffer = session_->allocate_reply(1 << 20);
    ASSERT_TRUE(buffer.ok()) << buffer.error().to_string();
    shm::BufferDescriptor where{};
    ASSERT_TRUE(session_->hand_over(*buffer, where));
    EXPECT_FALSE(session_->hand_over(*buffer, where));
    detail::block_release(buffer->block);
    EXPECT_FALSE(session_->release({where.segment, where.size - 1, where.offset}));
    EXPECT_FALSE(session_->release({where.segment, where.size, where.offset + 64}));
    EXPECT_TRUE(session_->release(where));
    EXPECT_FALSE(session_->release(where));
  }
}

TEST_F(SessionTest, AReplyBufferThatIsNotHandedOverIsFreed) {
  for (int i = 0; i < 100; ++i) {
    auto buffer = session_->allocate_reply(1 << 20);
    ASSERT_TRUE(buffer.ok());
    detail::block_release(buffer->block);
  }
}

TEST_F(SessionTest, WhatSomebodyElseRefersToIsNotHandedOver) {
  auto buffer = session_->allocate_reply(100);
  ASSERT_TRUE(buffer.ok());
  Buffer kept = Buffer::adopt(*buffer);
  Buffer second = kept;
  shm::BufferDescriptor where{};
  EXPECT_FALSE(session_->hand_over(kept.raw(), where));
}

TEST_F(SessionTest, ABufferOutlivesItsSession) {
  auto arena = session_->add_client_arena(1 << 20);
  ASSERT_TRUE(arena.ok());
  chi_buffer raw{};
  ASSERT_TRUE(session_->resolve({arena->segment, 4096, 0}, raw));
  detail::block_add_reference(raw.block);
  Buffer kept = Buffer::adopt(raw);
  session_.reset();
  std::memset(kept.data(), 7, kept.size());
  EXPECT_EQ(kept.data()[4095], 7);
}

}  // namespace
}  // namespace chi::runtime
