// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is an address to listen at, and which of them other machines reach.
#include "metrics/address.h"

#include <gtest/gtest.h>

namespace chi::metrics {
namespace {

TEST(AddressTest, ReadsAndShowsEachKind) {
  for (const char* text : {"127.0.0.1:9464", "0.0.0.0:0", "[::1]:65535", "[fe80::1]:80", "/run/x.sock", "./m.sock"}) {
    auto address = parse_address(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->to_string(), text);
  }
  EXPECT_TRUE(parse_address("/run/x.sock")->is_path());
  EXPECT_FALSE(parse_address("127.0.0.1:1")->is_path());
}

TEST(AddressTest, KnowsWhatOtherMachinesReach) {
  for (const char* text : {"127.0.0.1:1", "127.200.3.4:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "/a"})
    EXPECT_TRUE(parse_address(text)->is_loopback()) << text;
  for (const char* text :
       {"0.0.0.0:1", "10.0.0.1:1", "128.0.0.1:1", "[::]:1", "[::ffff:10.0.0.1]:1", "[2001:db8::1]:1"})
    EXPECT_FALSE(parse_address(text)->is_loopback()) << text;
}

TEST(AddressTest, RefusesTheRest) {
  for (const std::string& text :
       {std::string(), std::string("9464"), std::string(":9464"), std::string("127.0.0.1"), std::string("127.0.0.1:"),
        std::string("127.0.0.1:65536"), std::string("127.0.0.1:-1"), std::string("127.0.0.1:9464 "),
        std::string("127.1:80"), std::string("localhost:9464"), std::string("::1:9464"), std::string("[::1]"),
        std::string("[]:1"), std::string("[127.0.0.1]:1"), std::string("m.sock"), "/" + std::string(107, 'x'),
        std::string("/a\0b", 4), std::string("127.0.0.1\0x:1", 13)}) {
    EXPECT_EQ(parse_address(text).code(), Code::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace chi::metrics
