// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The handshake with clients of every kind, however their bytes are cut.
#include "nbd/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chi::nbd {
namespace {

using State = Handshake::State;

const Offer kDisk{"disk", "text", 1 << 20, kHasFlags};
const std::string kGreeting = std::string("NBDMAGICIHAVEOPT") + '\0' + '\3';

std::string flags(std::uint32_t value = kFixedNewstyle | kNoZeroes) {
  std::string out;
  append_big(out, value);
  return out;
}

std::string option(std::uint32_t number, const std::string& data = {}) {
  std::string out;
  append_big(out, kOptionMagic);
  append_big(out, number);
  append_big(out, static_cast<std::uint32_t>(data.size()));
  return out + data;
}

std::string info(const std::string& name) {
  std::string out;
  append_big(out, static_cast<std::uint32_t>(name.size()));
  out += name;
  append_big<std::uint16_t>(out, 0);
  return out;
}

std::string reply(std::uint32_t number, OptionReply type, const std::string& data = {}) {
  std::string out;
  append_option_reply(out, number, type, data);
  return out;
}

std::string infos(std::uint32_t number) {
  std::string out;
  append_infos(out, number, kDisk, {});
  return out;
}

struct Talk {
  explicit Talk(const Offer& offer = kDisk) : handshake(offer) {}

  // What it says to these bytes.
  std::string say(const std::string& bytes) {
    used = handshake.take({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    return handshake.output();
  }

  Handshake handshake;
  std::size_t used = 0;
};

std::string begun(Talk& talk) {
  EXPECT_EQ(talk.handshake.output(), kGreeting);
  return talk.say(flags());
}

TEST(Handshake, GoLeadsToTransmissionAndLeavesWhatFollows) {
  for (const std::string name : {"", "disk"}) {
    Talk talk;
    EXPECT_EQ(begun(talk), "");
    const std::string go = option(kOptGo, info(name));
    EXPECT_EQ(talk.say(go + "requests"), infos(kOptGo));
    EXPECT_EQ(talk.handshake.state(), State::transmission);
    EXPECT_EQ(talk.used, go.size());
  }
}

TEST(Handshake, OneByteAtATimeIsTheSame) {
  Talk talk;
  std::string said = talk.handshake.output();
  for (const char c : flags() + option(8) + option(kOptList) + option(kOptInfo, info("disk")) + option(kOptAbort)) {
    EXPECT_EQ(talk.handshake.state(), State::options);
    said += talk.say(std::string(1, c));
  }
  std::string list;
  append_list(list, kDisk);
  EXPECT_EQ(said, kGreeting + reply(8, kRepUnsupported, "this server has no such option") + list + infos(kOptInfo) +
                      reply(kOptAbort, kRepAck));
  EXPECT_EQ(talk.handshake.state(), State::ended);
}

TEST(Handshake, ExportNameIsAnsweredWithoutAHeader) {
  for (const std::uint32_t said : {3U, 1U, 2U, 0U}) {
    Talk talk;
    (void)talk.handshake.output();
    EXPECT_EQ(talk.say(flags(said)), "");
    std::string wanted;
    append_export(wanted, kDisk, !(said & kNoZeroes));
    EXPECT_EQ(talk.say(option(kOptExportName, "disk")), wanted);
    EXPECT_EQ(talk.handshake.state(), State::transmission);
  }
  Talk talk;
  begun(talk);
  EXPECT_EQ(talk.say(option(kOptExportName, "other")), "");
  EXPECT_EQ(talk.handshake.state(), State::ended);
}

TEST(Handshake, WhoDoesNotKnowTheFixedNewstyleMayOnlyNameItsExport) {
  for (const std::uint32_t number : {kOptGo + 0U, kOptInfo + 0U, kOptList + 0U, kOptAbort + 0U, 8U}) {
    Talk talk;
    (void)talk.handshake.output();
    EXPECT_EQ(talk.say(flags(0)), "");
    EXPECT_EQ(talk.say(option(number, info("disk"))), "") << number;
    EXPECT_EQ(talk.handshake.state(), State::ended) << number;
  }
}

TEST(Handshake, MistakesAreToldAndTheClientMayTryAgain) {
  Talk talk;
  begun(talk);
  EXPECT_EQ(talk.say(option(kOptGo, info("other"))),
            reply(kOptGo, kRepUnknown, "there is only one export here, 'disk'"));
  EXPECT_EQ(talk.say(option(kOptGo, "x")), reply(kOptGo, kRepInvalid, "the option's data are malformed"));
  EXPECT_EQ(talk.say(option(kOptList, "x")), reply(kOptList, kRepInvalid, "this option has no data"));
  for (const std::uint32_t number : {4U, 5U, 8U, 9U, 10U, 0U, 0xffffffffU}) {
    EXPECT_EQ(talk.say(option(number, "data")), reply(number, kRepUnsupported, "this server has no such option"));
  }
  EXPECT_EQ(talk.handshake.state(), State::options);
  EXPECT_EQ(talk.say(option(kOptGo, info("disk"))), infos(kOptGo));
}

TEST(Handshake, WhoSpeaksAnotherProtocolIsLeft) {
  for (const std::uint32_t wrong : {4U, 4U | 1U, 0xffffffffU}) {
    Talk talk;
    (void)talk.handshake.output();
    EXPECT_EQ(talk.say(flags(wrong)), "");
    EXPECT_EQ(talk.handshake.state(), State::ended) << wrong;
  }
  Talk talk;
  begun(talk);
  EXPECT_EQ(talk.say(std::string("GET / HTTP/1.1\r\n\r\n")), "");
  EXPECT_EQ(talk.handshake.state(), State::ended);
}

TEST(Handshake, AnOptionOfFourGigabytesEndsItBeforeItsData) {
  Talk talk;
  begun(talk);
  std::string huge = option(kOptGo);
  huge.replace(12, 4, "\xff\xff\xff\xff", 4);
  EXPECT_THAT(talk.say(huge), testing::StartsWith(reply(kOptGo, kRepTooBig).substr(0, 16)));
  EXPECT_EQ(talk.handshake.state(), State::ended);
}

TEST(Handshake, WhoIsRefusedIsToldWhy) {
  Offer refused = kDisk;
  refused.refusal = "too many";
  Talk talk(refused);
  begun(talk);
  EXPECT_EQ(talk.say(option(8)), reply(8, kRepUnsupported, "this server has no such option"));
  EXPECT_EQ(talk.say(option(kOptGo, info("disk"))), reply(kOptGo, kRepPolicy, "too many"));
  EXPECT_EQ(talk.handshake.state(), State::ended);
  Talk other(refused);
  begun(other);
  EXPECT_EQ(other.say(option(kOptExportName, "disk")), "");
  EXPECT_EQ(other.handshake.state(), State::ended);
}

}  // namespace
}  // namespace chi::nbd
