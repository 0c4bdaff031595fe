// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// NBD's messages, byte by byte, as the specification has them.
#include "nbd/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace chi::nbd {
namespace {

const Offer kDisk{"disk", "text", 1 << 20, 0x16d};
const Offer kFixed{"disk", "text", 1 << 20, kHasFlags | kReadOnly};

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int each : values) out.push_back(static_cast<char>(each));
  return out;
}

std::span<const std::uint8_t> span_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(Wire, GreetingIsFixedNewstyle) {
  std::string out;
  append_greeting(out);
  EXPECT_EQ(out, "NBDMAGICIHAVEOPT" + bytes({0, 3}));
}

TEST(Wire, OptionsWithAnotherMagicAreNone) {
  std::string good = "IHAVEOPT" + bytes({0, 0, 0, 7, 0, 0, 1, 2});
  const auto header = decode_option(span_of(good).first<kOptionHeaderSize>());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->option, 7U);
  EXPECT_EQ(header->length, 0x102U);
  for (std::size_t i = 0; i < 8; ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(decode_option(span_of(bad).first<kOptionHeaderSize>())) << i;
  }
}

TEST(Wire, InfoRequestsAreTakenWholeOrNotAtAll) {
  const std::string good = bytes({0, 0, 0, 2}) + "ab" + bytes({0, 2, 0, 3, 0, 1});
  const auto request = decode_info_request(span_of(good));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->name, "ab");
  EXPECT_THAT(request->wanted, testing::ElementsAre(3, 1));
  EXPECT_TRUE(request->wants(kInfoName) && request->wants(kInfoBlockSize) && !request->wants(kInfoDescription));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_info_request(span_of(good).first(size))) << size;
  }
  EXPECT_FALSE(decode_info_request(span_of(good + "x")));
  EXPECT_FALSE(decode_info_request(span_of(bytes({255, 255, 255, 255}) + "ab" + bytes({0, 0}))));
  EXPECT_FALSE(decode_info_request(span_of(bytes({0, 0, 0x10, 1}) + std::string(4097, 'n') + bytes({0, 0}))));
  EXPECT_TRUE(decode_info_request(span_of(bytes({0, 0, 0, 0, 0, 0}))));
}

TEST(Wire, ExportIsDescribed) {
  std::string out;
  append_export(out, kDisk, false);
  EXPECT_EQ(out, bytes({0, 0, 0, 0, 0, 0x10, 0, 0, 1, 0x6d}));
  out.clear();
  append_export(out, kDisk, true);
  EXPECT_EQ(out.size(), 10U + 124U);
  out.clear();
  append_infos(out, kOptGo, kDisk, {"", {kInfoName}});
  const std::string reply = bytes({0, 3, 0xe8, 0x89, 4, 0x55, 0x65, 0xa9, 0, 0, 0, 7});
  const std::string info = reply + bytes({0, 0, 0, 3});
  EXPECT_EQ(out, info + bytes({0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 0x6d}) + info +
                     bytes({0, 0, 0, 14, 0, 3, 0, 0, 0, 1, 0, 0, 0x10, 0, 2, 0, 0, 0}) + info +
                     bytes({0, 0, 0, 6, 0, 1}) + "disk" + reply + bytes({0, 0, 0, 1, 0, 0, 0, 0}));
}

TEST(Wire, ListHasNameAndDescription) {
  std::string out;
  append_list(out, kDisk);
  const std::string reply = bytes({0, 3, 0xe8, 0x89, 4, 0x55, 0x65, 0xa9, 0, 0, 0, 3});
  EXPECT_EQ(
      out, reply + bytes({0, 0, 0, 2, 0, 0, 0, 12, 0, 0, 0, 4}) + "disktext" + reply + bytes({0, 0, 0, 1, 0, 0, 0, 0}));
}

TEST(Wire, RequestsAreDecoded) {
  std::string good = bytes({0x25, 0x60, 0x95, 0x13, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 7, 8});
  good += bytes({0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 2, 0});
  const auto request = decode_request(span_of(good).first<kRequestSize>());
  ASSERT_TRUE(request);
  EXPECT_EQ(request->flags, kFua);
  EXPECT_EQ(request->command, kWriteZeroes);
  EXPECT_EQ(request->cookie, 0x0102030405060708U);
  EXPECT_EQ(request->offset, 0x2000U);
  EXPECT_EQ(request->length, 0x200U);
  good[3] = 0x14;
  EXPECT_FALSE(decode_request(span_of(good).first<kRequestSize>()));
}

TEST(Wire, RepliesAreEncoded) {
  std::array<std::uint8_t, kReplySize> out{};
  encode_reply(out, 0x0102030405060708, kNoSpace);
  EXPECT_THAT(out, testing::ElementsAre(0x67, 0x44, 0x66, 0x98, 0, 0, 0, 28, 1, 2, 3, 4, 5, 6, 7, 8));
}

Failure check(std::uint16_t command, std::uint64_t offset, std::uint32_t length, std::uint16_t flags = 0,
              const Offer& offer = kDisk) {
  return check_request({flags, command, 1, offset, length}, offer);
}

TEST(Wire, RequestsOutsideOfTheDeviceAreRefused) {
  constexpr std::uint64_t kSize = 1 << 20;
  constexpr std::uint64_t kFar = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint16_t command : {kRead, kWrite, kTrim, kWriteZeroes}) {
    const Failure beyond = command == kWrite || command == kWriteZeroes ? kNoSpace : kInvalid;
    EXPECT_EQ(check(command, 0, kSize), kOk) << command;
    EXPECT_EQ(check(command, kSize - 1, 1), kOk) << command;
    EXPECT_EQ(check(command, 0, kSize + 1), beyond) << command;
    EXPECT_EQ(check(command, kSize, 1), beyond) << command;
    EXPECT_EQ(check(command, kFar, 1), beyond) << command;
    EXPECT_EQ(check(command, kFar - 0xffff, 0x20000), beyond) << command;
    EXPECT_EQ(check(command, 0, 0), kInvalid) << command;
  }
}

TEST(Wire, SizesFlagsAndCommandsHaveLimits) {
  Offer large = kDisk;
  large.size = std::uint64_t{1} << 40;
  for (const std::uint16_t command : {kRead, kWrite}) {
    EXPECT_EQ(check(command, 0, kMaxPayload, 0, large), kOk);
    EXPECT_EQ(check(command, 0, kMaxPayload + 1, 0, large), kInvalid);
    EXPECT_EQ(check(command, 0, 0xffffffff, 0, large), kInvalid);
  }
  EXPECT_EQ(check(kWriteZeroes, 0, 0xffffffff, kNoHole | kFua, large), kOk);
  for (const std::uint16_t command : {kRead, kWrite, kTrim, kFlush, kWriteZeroes}) {
    const std::uint32_t length = command == kFlush ? 0 : 512;
    EXPECT_EQ(check(command, 0, length, kFua), kOk) << command;
    EXPECT_EQ(check(command, 0, length, kNoHole), command == kWriteZeroes ? kOk : kInvalid) << command;
    EXPECT_EQ(check(command, 0, length, 0x8000), kInvalid) << command;
  }
  EXPECT_EQ(check(kFlush, 0, 1), kInvalid);
  for (const std::uint16_t command : {5, 7, 8, 999, 0xffff}) EXPECT_EQ(check(command, 0, 512), kInvalid) << command;
}

TEST(Wire, NothingChangesWhatIsReadOnly) {
  for (const std::uint16_t command : {kWrite, kTrim, kWriteZeroes}) {
    EXPECT_EQ(check(command, 0, 512, 0, kFixed), kNotPermitted) << command;
  }
  EXPECT_EQ(check(kRead, 0, 512, 0, kFixed), kOk);
  EXPECT_EQ(check(kFlush, 0, 0, 0, kFixed), kOk);
}

}  // namespace
}  // namespace chi::nbd
