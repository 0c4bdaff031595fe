// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Sessions whose memory the worker's io_uring holds in place, because much went through it.
#include <unistd.h>

#include <chrono>
#include <vector>

#include "common/ring_tables.h"
#include "disk.h"

namespace bdev {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kHalf = 4 * kMiB;  // of the volume; one session's

class RegisteredTest : public DiskTest {
 protected:
  // A session with memory in two places, and what it keeps in its half of the volume.
  struct Guest {
    Guest(const chi::Client& from, std::uint64_t half)
        : client(from),
          disk(client.pool("disk")),
          first(half * kHalf),
          out(client.allocate_buffer(kMiB).value()),
          in(client.allocate_buffer(kMiB).value()) {}

    void fill(std::uint64_t seed) {
      for (std::size_t i = 0; i < kMiB; ++i) out.data()[i] = static_cast<std::uint8_t>((i * 31 + seed * 7919) >> 3);
    }

    chi::Client client;
    chi::Pool disk;
    std::uint64_t first;
    chi::Buffer out;
    chi::Buffer in;
  };

  bool wait_for(unsigned regions) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (chi::test::registered_buffers() != regions) {
      if (std::chrono::steady_clock::now() > end) return false;
      EXPECT_TRUE(client_.pool("disk").call<Stat>().get().ok());
    }
    return true;
  }

  // Both at once, so that operations of both are under way in the ring together.
  static void exchange(std::vector<Guest>& guests, std::uint64_t round) {
    const std::uint64_t at = round % 4 * kMiB;
    std::vector<chi::Future<SizeReply>> calls;
    for (Guest& guest : guests) {
      guest.fill(round + guest.first);
      calls.push_back(guest.disk.call<Write>(guest.first + at, chi::Bytes::from(guest.out)));
    }
    for (auto& call : calls) ASSERT_TRUE(call.get().ok());
    calls.clear();
    for (Guest& guest : guests) calls.push_back(guest.disk.call<ReadInto>(guest.first + at, guest.in));
    for (auto& call : calls) ASSERT_TRUE(call.get().ok());
    for (Guest& guest : guests) ASSERT_TRUE(guest.in.view() == guest.out.view()) << "round " << round;
  }
};

TEST_F(RegisteredTest, SessionsDoNotMixAndOneMayGo) {
  Config config = file_config();
  config.disk = true;
  const chi::Pool disk = make("disk", config);
  std::vector<Guest> guests;
  guests.reserve(2);
  for (std::uint64_t half = 0; half < 2; ++half) guests.emplace_back(runtime_.connect().value(), half);
  for (std::uint64_t round = 0; round < 12; ++round) exchange(guests, round);
  if (chi::test::kernel_has_ring_tables() && ::geteuid() == 0) {  // others may have RLIMIT_MEMLOCK in their way
    EXPECT_TRUE(wait_for(2));
  }

  // A part of what one has written, as a session sees it that has nothing in place.
  const std::string last = read(disk, guests[1].first + 3 * kMiB + 512, 5000);
  EXPECT_EQ(last, std::string(guests[1].out.view().substr(512, 5000)));

  guests.pop_back();
  for (std::uint64_t round = 12; round < 20; ++round) exchange(guests, round);
  EXPECT_EQ(read(disk, kHalf + 3 * kMiB + 512, 5000), last) << "what the other one wrote has changed";
}

TEST_F(RegisteredTest, WhatASessionHeldInPlaceGoesWithIt) {
  if (!chi::test::kernel_has_ring_tables()) GTEST_SKIP() << "needs Linux 5.19";
  Config config = file_config();
  config.disk = true;
  make("disk", config);
  std::vector<Guest> guests;
  guests.emplace_back(runtime_.connect().value(), 0);
  for (std::uint64_t round = 0; round < 12; ++round) exchange(guests, round);
  EXPECT_TRUE(wait_for(1));
  guests.clear();
  EXPECT_TRUE(wait_for(0)) << "memory of a session that has gone is still in place";
}

}  // namespace
}  // namespace bdev
