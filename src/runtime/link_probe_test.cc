// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Linking in another process, of libraries that let it go well, end it, and never end.
#include "runtime/link_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <pthread.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace chi::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr auto kPatience = std::chrono::seconds(10);

std::string fixture(const std::string& name) { return fmt::format("{}/{}.so", CHI_TESTDATA, name); }

bool has_children() {
  siginfo_t ignored{};
  return ::waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

Status probe(const std::string& name, std::chrono::milliseconds patience) {
  const UniqueFd library(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(library) << name;
  return probe_link(library.get(), patience);
}

int forks = 0;

TEST(LinkProbe, LeavesAGoodLibraryAlone) {
  EXPECT_TRUE(probe(fixture("good"), kPatience));
  std::ifstream maps("/proc/self/maps");
  const std::string text(std::istreambuf_iterator<char>(maps), {});
  EXPECT_EQ(text.find("good.so"), std::string::npos) << "linked elsewhere only";
  EXPECT_FALSE(has_children());
}

TEST(LinkProbe, WhatTheLinkerRefusesIsTheLinkersToSay) { EXPECT_TRUE(probe(fixture("missing_symbol"), kPatience)); }

TEST(LinkProbe, AnEndOfTheProcessIsAnError) {
  const Status probed = probe(fixture("aborts"), kPatience);
  EXPECT_EQ(probed.code(), Code::failed_precondition);
  EXPECT_THAT(probed.error().text, AllOf(HasSubstr("static object: no such device;"), HasSubstr("open()")));
  EXPECT_FALSE(has_children());
}

TEST(LinkProbe, NothingIsWaitedForWithoutEnd) {
  EXPECT_EQ(probe(fixture("hangs"), std::chrono::milliseconds(50)).code(), Code::deadline_exceeded);
  EXPECT_FALSE(has_children());
}

// A fork copies the tables of all the memory that a node has, while its threads wait.
TEST(LinkProbe, NothingOfThisProcessIsInTheOtherOne) {
  ASSERT_EQ(::pthread_atfork(nullptr, [] { ++forks; }, nullptr), 0);
  const UniqueFd inheritable(::open("/dev/null", O_RDONLY));  // as a program that a node is a part of may have them
  const UniqueFd library(::open(fixture("looks_around").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(inheritable && library);
  const Status probed = probe_link(library.get(), kPatience);
  EXPECT_THAT(probed.error().text, AllOf(HasSubstr("in /memfd:chimaera-probe"), HasSubstr(" with 0 1 2 3 4;")));
  EXPECT_EQ(forks, 0);
  EXPECT_FALSE(has_children());
}

TEST(LinkProbe, AnotherThreadThatLinksIsInNobodysWay) {
  std::promise<void> holds;
  std::jthread holder([&](const std::stop_token& stop) {
    struct Hold {
      std::promise<void>& holds;
      const std::stop_token& stop;
    } mine{holds, stop};
    auto until_told = [](dl_phdr_info*, std::size_t, void* context) {
      const Hold& hold = *static_cast<Hold*>(context);
      hold.holds.set_value();
      while (!hold.stop.stop_requested()) std::this_thread::yield();
      return 1;
    };
    ::dl_iterate_phdr(until_told, &mine);  // holds a lock that dlopen takes
  });
  holds.get_future().wait();
  EXPECT_TRUE(probe(fixture("good"), kPatience));
}

}  // namespace
}  // namespace chi::runtime
