// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The partner answers each question once, in every duty, and after each change of duty.
#include "benchmark/floor_partner.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "benchmark/timing.h"

namespace chi::bench {
namespace {

// `count` round trips with `depth` under way; false when they do not come back in time.
bool ping_pong(BareClient& ring, unsigned count, unsigned depth) {
  const std::uint64_t end = now_ns() + 20'000'000'000;
  unsigned sent = 0, received = 0;
  while (received < count) {
    while (sent < count && ring.under_way() < depth) {
      ring.send();
      ++sent;
    }
    if (ring.receive()) {
      ++received;
    } else if (now_ns() > end) {
      return false;
    } else {
      ::sched_yield();
    }
  }
  return ring.under_way() == 0 && ring.intact();
}

TEST(FloorPartner, AnswersOnEveryRingAndRests) {
  auto partner = FloorPartner::start().value();
  for (int round = 0; round < 3; ++round) {
    partner->spin(2);
    EXPECT_TRUE(ping_pong(partner->ring(0), 1000, 1));
    EXPECT_TRUE(ping_pong(partner->ring(1), 3000, kBareSlots));
    partner->rest();
  }
}

TEST(FloorPartner, WakesAndIsWoken) {
  auto partner = FloorPartner::start().value();
  for (int round = 0; round < 20; ++round) {
    partner->sleep_on(round % 2 ? FloorPartner::Wake::futex : FloorPartner::Wake::eventfd);
    for (int i = 0; i < round; ++i) ASSERT_TRUE(partner->wake_up());  // in the first round: rest at once
    partner->rest();
    partner->spin(1);
    ASSERT_TRUE(ping_pong(partner->ring(0), 10, 4));
    partner->rest();
  }
}

TEST(FloorPartner, IsGoneWithItsOwner) {
  const pid_t pid = FloorPartner::start().value()->pid();
  EXPECT_NE(::kill(pid, 0), 0);
}

}  // namespace
}  // namespace chi::bench
