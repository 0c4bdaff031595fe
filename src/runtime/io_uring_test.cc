// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Waits that end: by their bound, however it is kept, by what they wait for, and by being woken.
#include "runtime/io_uring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace chi::runtime {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kMinute = 60'000 * kMillisecond;

class IoUringTest : public ::testing::Test {
 protected:
  // A wait may end early; one that never ends is found by the time limit of the test.
  void wait_until(std::uint64_t until_ns) {
    while (clock_.now_ns() < until_ns) ring_->wait(until_ns);
  }

  SystemClock clock_;
  std::unique_ptr<IoUring> ring_ = IoUring::create(clock_, 0).value();
};

TEST_F(IoUringTest, EachWaitEndsByItsBound) {
  for (const std::uint64_t ns : {kMillisecond, 5 * kMillisecond, kMillisecond / 10, std::uint64_t{0}, kMillisecond,
                                 2 * kMillisecond, kMillisecond / 2, 3 * kMillisecond}) {
    wait_until(clock_.now_ns() + ns);
  }
}

// The alarm of a wait that was woken stays set: a shorter one after it must not wait for that, nor a longer one end
// with it for good.
TEST_F(IoUringTest, AWaitThatWasWokenLeavesTheNextOnesTheirBounds) {
  for (int i = 0; i < 100; ++i) {
    ring_->wake();
    ring_->wait(clock_.now_ns() + 2 * kMillisecond);
    wait_until(clock_.now_ns() + kMillisecond / 20);
    ring_->wake();
    ring_->wait(clock_.now_ns() + kMillisecond / 5);
    wait_until(clock_.now_ns() + kMillisecond);
  }
}

struct Ended : Operation {
  Ended() {
    done = [](Operation& self, std::int32_t outcome) { static_cast<Ended&>(self).result = outcome; };
  }
  std::int32_t result = -1;
};

TEST_F(IoUringTest, WhatEndsIsSeenByPollsAloneAndByAWaitWithoutABound) {
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  char bytes[64];
  chi_io io{};
  io.operation = CHI_IO_READ;
  io.fd = file.get();
  io.data = bytes;
  io.size = sizeof bytes;
  for (int i = 0; i < 1000; ++i) {
    Ended operation;
    ASSERT_TRUE(ring_->start(io, {}, operation));
    EXPECT_TRUE(ring_->device_at_work());
    if (i % 2 == 0) {
      while (operation.result == -1) ring_->poll();
    } else {
      while (operation.result == -1) ring_->wait(0);
    }
    ASSERT_EQ(operation.result, int{sizeof bytes});
    EXPECT_FALSE(ring_->device_at_work());
  }
}

// Nobody polls here: the first operation goes to an idle device at once, the others when there are some for it.
TEST_F(IoUringTest, ADeviceBeginsWhileOthersAreStillPrepared) {
  const UniqueFd file(::open(::testing::TempDir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_TRUE(file) << errno;
  const std::string written = "abcdefghi";
  std::vector<Ended> operations(written.size());
  const auto begin = [&](std::size_t i) {
    chi_io io{};
    io.operation = CHI_IO_WRITE;
    io.fd = file.get();
    io.data = const_cast<char*>(&written[i]);
    io.size = 1;
    io.offset = i;
    ASSERT_TRUE(ring_->start(io, {}, operations[i]));
  };
  const auto in_the_file = [&](std::size_t count) {
    std::string found(written.size(), '-');
    const std::uint64_t limit = clock_.now_ns() + kMinute;
    do {
      if (::pread(file.get(), found.data(), found.size(), 0) < 0) break;
    } while (found.substr(0, count) != written.substr(0, count) && clock_.now_ns() < limit);
    return found.substr(0, count);
  };
  begin(0);
  EXPECT_EQ(in_the_file(1), "a");
  for (std::size_t i = 1; i < written.size(); ++i) begin(i);
  EXPECT_EQ(in_the_file(written.size()), written);
  while (ring_->device_at_work()) ring_->poll();
  for (const Ended& each : operations) EXPECT_EQ(each.result, 1);
}

// How many polls the kernel has for this process' rings.
std::size_t polls() {
  std::size_t out = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(each, gone).string().find("io_uring") == std::string::npos) continue;
    std::ifstream info("/proc/self/fdinfo/" + each.path().filename().string());
    bool listed = false;
    for (std::string line; std::getline(info, line);) {
      if (listed && line.find("op=") != std::string::npos) ++out;
      if (line.starts_with("PollList")) listed = true;
    }
  }
  return out;
}

TEST_F(IoUringTest, AWatchEndsForGoodThoughItsDescriptorsNumberIsUsedAgain) {
  ring_->poll();
  const std::size_t before = polls();
  ASSERT_GE(before, 1u);  // its own
  int number = -1;
  for (int i = 0; i < 20; ++i) {
    const UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (number == -1) number = event.get();
    ASSERT_EQ(event.get(), number);
    ring_->watch(event.get());
    if (i % 2 == 0) ring_->poll();  // news of the watch before
    ring_->unwatch(event.get());
  }
  for (const std::uint64_t limit = clock_.now_ns() + kMinute; polls() != before && clock_.now_ns() < limit;)
    ring_->wait(clock_.now_ns() + kMillisecond);
  EXPECT_EQ(polls(), before);
}

TEST_F(IoUringTest, AWriteToAWatchedDescriptorEndsALongWaitInEachRound) {
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ring_->watch(event.get());
  for (int i = 0; i < 50; ++i) {
    std::jthread writer([&] {
      const std::uint64_t one = 1;
      EXPECT_EQ(::write(event.get(), &one, sizeof one), ssize_t{sizeof one});
    });
    std::uint64_t count = 0;
    const std::uint64_t limit = clock_.now_ns() + kMinute;
    while (::read(event.get(), &count, sizeof count) < 0 && clock_.now_ns() < limit) ring_->wait(limit);
    EXPECT_EQ(count, 1u);
  }
  ring_->unwatch(event.get());
}

}  // namespace
}  // namespace chi::runtime
