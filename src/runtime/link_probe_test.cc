// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Linking in a child, of libraries that let it go well, end it, and never end.
#include "runtime/link_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace chi::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr auto kPatience = std::chrono::seconds(10);

std::string fixture(const std::string& name) { return std::string(CHI_TESTDATA) + "/" + name + ".so"; }

bool has_children() {
  siginfo_t ignored{};
  return ::waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

TEST(LinkProbe, LeavesAGoodLibraryAlone) {
  EXPECT_TRUE(probe_link(fixture("good"), kPatience));
  std::ifstream maps("/proc/self/maps");
  const std::string text(std::istreambuf_iterator<char>(maps), {});
  EXPECT_EQ(text.find("good.so"), std::string::npos) << "linked in the child only";
  EXPECT_FALSE(has_children());
}

TEST(LinkProbe, WhatTheLinkerRefusesIsTheLinkersToSay) {
  EXPECT_TRUE(probe_link(fixture("missing_symbol"), kPatience));
  EXPECT_TRUE(probe_link("/no/such/library.so", kPatience));
}

TEST(LinkProbe, AnEndOfTheProcessIsAnError) {
  const Status probed = probe_link(fixture("aborts"), kPatience);
  EXPECT_EQ(probed.code(), Code::failed_precondition);
  EXPECT_THAT(probed.error().text, AllOf(HasSubstr("static object: no such device;"), HasSubstr("open()")));
  EXPECT_FALSE(has_children());
}

TEST(LinkProbe, NothingIsWaitedForWithoutEnd) {
  EXPECT_EQ(probe_link(fixture("hangs"), std::chrono::milliseconds(50)).code(), Code::deadline_exceeded);
  EXPECT_FALSE(has_children());
}

#ifndef CHI_SANITIZED  // a fork beside other threads is more than their allocators are made for
TEST(LinkProbe, ALockOfTheLinkerThatTheForkFoundHeldIsNoFaultOfTheLibrary) {
  std::promise<void> holds;
  std::jthread holder([&] {
    auto until_there_is_a_child = [](dl_phdr_info*, std::size_t, void* holds) {
      static_cast<std::promise<void>*>(holds)->set_value();
      while (!has_children()) std::this_thread::yield();
      return 1;
    };
    ::dl_iterate_phdr(until_there_is_a_child, &holds);  // holds a lock that dlopen takes
  });
  holds.get_future().wait();
  EXPECT_TRUE(probe_link(fixture("good"), kPatience));
  EXPECT_FALSE(has_children());
}
#endif

}  // namespace
}  // namespace chi::runtime
