// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Several containers as one volume, through bdev::Volume and without it.
#include <bdev/volume.h>

#include <random>
#include <vector>

#include "disk.h"

namespace bdev {
namespace {

using chi::Code;

TEST(Stripe, EachByteHasOnePlace) {
  for (std::uint32_t members : {1, 2, 3, 5}) {
    const Stripe stripe{members, members == 1 ? 0u : 8u, 48};
    std::vector<std::vector<bool>> seen(members, std::vector<bool>(48));
    std::vector<std::uint64_t> before(members);
    for (std::uint64_t offset = 0; offset < stripe.size(); ++offset) {
      const std::uint32_t member = stripe.member_of(offset);
      ASSERT_LT(member, members);
      for (std::uint32_t m = 0; m < members; ++m) EXPECT_EQ(stripe.local(m, offset), before[m]);
      const std::uint64_t own = stripe.local(member, offset);
      ASSERT_LT(own, 48u);
      EXPECT_FALSE(seen[member][own]);
      seen[member][own] = true;
      ++before[member];
      EXPECT_EQ(stripe.piece(offset, 100), members == 1 ? 100 : 8 - offset % 8);
    }
  }
}

class StripeTest : public DiskTest {
 protected:
  static constexpr std::uint32_t kMembers = 3;
  static constexpr std::uint64_t kChunk = 16'384;

  Config striped() const {
    Config config;
    config.backend = "file:" + folder_ / "part{index}";
    config.size = 1 << 20;
    config.chunk = kChunk;
    return config;
  }
};

TEST_F(StripeTest, RandomUseAgreesWithAModelWhicheverWay) {
  make("disk", striped(), kMembers);
  const Volume volume = Volume::open(client_, "disk").value();
  ASSERT_EQ(volume.size(), kMembers << 20);
  std::string model(volume.size(), '\0');
  std::mt19937_64 random(4);
  for (int step = 0; step < 200; ++step) {
    const std::uint64_t size = 1 + random() % (std::uint64_t{1} << (1 + random() % 21));
    const std::uint64_t offset = random() % (volume.size() - size + 1);
    const chi::Pool any = volume.pool().on(chi::container(static_cast<std::uint32_t>(random() % kMembers)));
    const chi::Buffer data = pattern(size, random());
    switch (random() % 5) {
      case 0:
        ASSERT_TRUE(volume.write(offset, data).get().ok());
        model.replace(offset, size, data.view());
        break;
      case 1:
        ASSERT_EQ(write(any, offset, data), Code::ok);
        model.replace(offset, size, data.view());
        break;
      case 2:
        ASSERT_TRUE((random() % 2 ? volume.zero(offset, size) : volume.trim(offset, size)).get().ok());
        std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(offset), size, '\0');
        break;
      case 3:
        ASSERT_TRUE(volume.read(offset, data).get().ok());
        ASSERT_EQ(data.view(), std::string_view(model).substr(offset, size));
        break;
      default:
        ASSERT_EQ(read(any, offset, size), std::string_view(model).substr(offset, size));
    }
  }
  ASSERT_TRUE(volume.flush().get().ok());
  const CheckReply report = volume.pool().call<Check>().get().value();
  EXPECT_EQ(report.reports.size(), kMembers);
  for (const CheckReport& each : report.reports) EXPECT_TRUE(each.problems.empty());
  ASSERT_TRUE(client_.destroy_pool("disk").ok());
  make("again", striped(), kMembers);
  EXPECT_EQ(read(client_.pool("again"), 0, volume.size()), model);
}

TEST_F(StripeTest, OneContainerIsAVolumeToo) {
  Config config = file_config();
  config.disk = true;
  make("disk", config);
  const Volume volume = Volume::open(client_, "disk").value();
  const chi::Buffer data = pattern(100'000, 1);
  ASSERT_TRUE(volume.write(77, data).get().ok());
  const chi::Buffer back = client_.allocate_buffer(100'000).value();
  ASSERT_TRUE(volume.read(77, back).get().ok());
  EXPECT_EQ(back.view(), data.view());
  EXPECT_EQ(volume.write(volume.size(), data).get().code(), Code::invalid_argument);
  EXPECT_EQ(volume.read(0, data.slice(0, 0)).get().code(), Code::invalid_argument);
}

TEST_F(StripeTest, WhatCannotBeIsRefused) {
  make("disk", striped(), kMembers);
  const Volume volume = Volume::open(client_, "disk").value();
  const chi::Buffer data = pattern(100'000, 1);
  EXPECT_EQ(volume.write(volume.size() - 99'999, data).get().code(), Code::invalid_argument);
  EXPECT_EQ(volume.write(UINT64_MAX - 5, data).get().code(), Code::invalid_argument);
  EXPECT_EQ(volume.read(std::uint64_t{1} << 63, data).get().code(), Code::invalid_argument);
  EXPECT_EQ(volume.zero(volume.size(), 1).get().code(), Code::invalid_argument);
  const chi::Pool first = volume.pool().on(chi::container(0));
  EXPECT_EQ(first.call<Allocate>(4096u).get().code(), Code::failed_precondition);
  EXPECT_EQ(first.call<Free>(std::vector<Extent>{{0, 4096}}).get().code(), Code::failed_precondition);
  for (const std::uint64_t offset : {volume.size(), volume.size() - 1, std::uint64_t{1} << 63, UINT64_MAX - 5}) {
    EXPECT_EQ(write(first, offset, data), Code::invalid_argument) << offset;
    EXPECT_EQ(first.call<ReadInto>(offset, data).get().code(), Code::invalid_argument) << offset;
    EXPECT_EQ(first.call<Zero>(offset, 100'000u).get().code(), Code::invalid_argument) << offset;
  }
  EXPECT_TRUE(read(first, 0, volume.size()) == std::string(volume.size(), '\0')) << "a part of them was done";
  EXPECT_EQ(Volume::open(client_, "nowhere").code(), Code::not_found);
}

// Each part has its place: another order, or another number, would mix up the data.
TEST_F(StripeTest, PartsAreNotMixedUp) {
  make("disk", striped(), kMembers);
  ASSERT_TRUE(client_.destroy_pool("disk").ok());
  Config config = striped();
  config.backends =
      std::vector<std::string>{"file:" + folder_ / "part1", "file:" + folder_ / "part0", "file:" + folder_ / "part2"};
  EXPECT_EQ(try_make("mixed", config, kMembers).code(), Code::failed_precondition);
  config.backends->pop_back();
  EXPECT_EQ(try_make("few", config, kMembers).code(), Code::invalid_argument);
  config.backends.reset();
  EXPECT_EQ(try_make("less", config, kMembers - 1).code(), Code::failed_precondition);
  config.backend = "file:" + folder_ / "one";
  EXPECT_EQ(try_make("same", config, kMembers).code(), Code::failed_precondition) << "one file for all";
  EXPECT_TRUE(try_make("right", striped(), kMembers).ok());
}

TEST_F(StripeTest, AFailureOfOnePartIsTheWholes) {
  Config config = striped();
  config.backends = std::vector<std::string>{"ram:1M", "error:1+:ram:1M", "ram:1M"};
  make("disk", config, kMembers);
  const Volume volume = Volume::open(client_, "disk").value();
  const chi::Buffer data = pattern(100'000, 1);
  EXPECT_EQ(volume.write(0, data).get().code(), Code::data_loss);
  EXPECT_EQ(write(volume.pool().on(chi::container(2)), 0, data), Code::data_loss);
  EXPECT_EQ(volume.flush().get().code(), Code::data_loss);
  EXPECT_TRUE(volume.write(0, data.slice(0, kChunk)).get().ok());
}

}  // namespace
}  // namespace bdev
