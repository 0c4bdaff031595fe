// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Fetches, and what others do to the port: through real sockets.
#include "metrics/scrape_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/runtime_dir.h"
#include "metrics/families.h"

namespace chi::metrics {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr char kGet[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

class Counting final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    families.counter("asked_total", "Times.").add(std::uint64_t{++asked});
    families.gauge("padding", "Long.").add(1.0, {{"text", std::string(padding, 'x')}});
    return families.take();
  }
  mutable std::atomic<std::uint64_t> asked{0};
  std::size_t padding = 10;
};

class ScrapeServerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "chi-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void start(const std::string& at, std::chrono::milliseconds patience = 30s) {
    auto server = ScrapeServer::start({parse_address(at).value(), patience}, source_);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = std::move(*server);
  }

  UniqueFd connect() const {
    const Address& to = server_->address();
    UniqueFd fd(::socket(to.is_path() ? AF_UNIX : to.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{20, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const sockaddr_un named = to.is_path() ? socket_address(to.path).value() : sockaddr_un{};
    const int done = to.is_path() ? ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&named), sizeof named)
                                  : ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to.socket), to.size);
    EXPECT_EQ(done, 0) << errno;
    return fd;
  }
  static void say(const UniqueFd& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // All until the end.
  static std::string heard(const UniqueFd& fd) {
    std::string out;
    char piece[4096];
    for (ssize_t got; (got = ::recv(fd.get(), piece, sizeof piece, 0)) > 0;)
      out.append(piece, static_cast<std::size_t>(got));
    return out;
  }
  std::string fetch(std::string_view request = kGet) const {
    auto fd = connect();
    say(fd, request);
    return heard(fd);
  }

  std::string folder_;
  Counting source_;
  std::unique_ptr<ScrapeServer> server_;
};

TEST_F(ScrapeServerTest, AnswersOnEachKindOfAddress) {
  for (const std::string& at : {std::string("127.0.0.1:0"), folder_ + "/m.sock"}) {
    start(at);
    source_.asked = 0;
    EXPECT_THAT(fetch(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\nasked_total 1\n")));
    EXPECT_THAT(fetch(), HasSubstr("\nasked_total 2\n"));
    EXPECT_THAT(fetch("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(fetch("POST /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
    EXPECT_EQ(source_.asked, 2U) << "nobody else has it computed";
    server_.reset();
  }
}

TEST_F(ScrapeServerTest, AnAnswerMayBeLongAndItsReaderSlow) {
  source_.padding = std::size_t{16} << 20;  // more than the sockets hold
  start("127.0.0.1:0");
  auto slow = connect();
  say(slow, kGet);
  const std::string other = fetch();
  EXPECT_GT(other.size(), source_.padding);
  EXPECT_EQ(heard(slow).size(), other.size());
}

TEST_F(ScrapeServerTest, TheSocketIsOursAlone) {
  const std::string path = folder_ + "/m.sock";
  start(path);
  struct stat there{};
  ASSERT_EQ(::stat(path.c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 0777, 0600U);
  auto second = ScrapeServer::start({parse_address(path).value()}, source_);
  EXPECT_EQ(second.code(), Code::already_exists) << "somebody serves there";
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "text";
  EXPECT_EQ(ScrapeServer::start({parse_address(path).value()}, source_).code(), Code::already_exists);
  EXPECT_EQ(std::filesystem::file_size(path), 4U);
}

TEST_F(ScrapeServerTest, WhatADeadDaemonLeftIsReplaced) {
  const std::string path = folder_ + "/m.sock";
  {
    UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un named = socket_address(path).value();
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&named), sizeof named), 0);
  }
  start(path);
  EXPECT_THAT(fetch(), HasSubstr("200 OK"));
}

TEST_F(ScrapeServerTest, APortThatIsTakenIsAnError) {
  start("127.0.0.1:0");
  auto second = ScrapeServer::start({server_->address()}, source_);
  EXPECT_EQ(second.code(), Code::already_exists);
  EXPECT_THAT(second.error().text, HasSubstr(server_->address().to_string()));
}

TEST_F(ScrapeServerTest, WhoSaysTooMuchIsTold) {
  start("127.0.0.1:0");
  auto fd = connect();
  say(fd, std::string(100'000, 'A'));
  EXPECT_THAT(heard(fd), StartsWith("HTTP/1.1 431 ")) << "read to the end, or the answer would be lost";
  EXPECT_THAT(fetch("\x16\x03\x01\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(fetch(), HasSubstr("200 OK"));
}

TEST_F(ScrapeServerTest, WhoSaysTooLittleIsToldOnceHisTimeIsOver) {
  start("127.0.0.1:0", 50ms);
  auto silent = connect();
  auto half = connect();
  say(half, "GET /metrics HT");
  EXPECT_THAT(heard(silent), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(heard(half), StartsWith("HTTP/1.1 408 "));
}

TEST_F(ScrapeServerTest, WhoDoesNotTakeHisAnswerIsLeft) {
  source_.padding = std::size_t{16} << 20;
  start("127.0.0.1:0", 50ms);
  auto stalled = connect();
  say(stalled, kGet);
  char first = 0;
  ASSERT_EQ(::recv(stalled.get(), &first, 1, MSG_WAITALL), 1);  // it is being written to
  EXPECT_THAT(heard(connect()), StartsWith("HTTP/1.1 408 "));   // who came later is out of time
  EXPECT_LT(heard(stalled).size(), source_.padding);
}

TEST_F(ScrapeServerTest, TheSilentMakeRoom) {
  start("127.0.0.1:0");
  std::vector<UniqueFd> silent;
  for (std::size_t i = 0; i < 10 * ScrapeServer::kMaxConnections; ++i) silent.push_back(connect());
  EXPECT_THAT(fetch(), HasSubstr("200 OK"));
  EXPECT_EQ(heard(silent.front()), "") << "was pushed out";
  say(silent.back(), kGet);
  EXPECT_THAT(heard(silent.back()), HasSubstr("200 OK")) << "is still heard";
}

TEST_F(ScrapeServerTest, EndsWithFetchesUnderWay) {
  source_.padding = std::size_t{16} << 20;
  start("127.0.0.1:0");
  auto half = connect();
  say(half, "GET /metr");
  auto stalled = connect();
  say(stalled, kGet);
  char first = 0;
  ASSERT_EQ(::recv(stalled.get(), &first, 1, 0), 1);
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([fd = connect()] {
      say(fd, kGet);
      heard(fd);
    });
  }
  server_.reset();
  for (auto& each : others) each.join();
  heard(half);
  EXPECT_LT(heard(stalled).size(), source_.padding);
}

}  // namespace
}  // namespace chi::metrics
