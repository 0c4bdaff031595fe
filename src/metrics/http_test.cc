// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Requests, whole and in pieces, good and bad.
#include "metrics/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chi::metrics {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::optional<HttpStatus> status_of(const std::string& request) {
  const auto verdict = judge(request);
  return verdict ? std::optional(verdict->status) : std::nullopt;
}

TEST(HttpTest, SaysNothingBeforeTheRequestIsWhole) {
  const std::string whole = "GET /metrics?name=x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(judge(whole.substr(0, size)), std::nullopt) << size;
  EXPECT_EQ(judge(whole), Verdict{HttpStatus::ok});
}

TEST(HttpTest, JudgesWhatIsAskedFor) {
  auto asked = [](const std::string& line) { return status_of(line + "\r\n\r\n"); };
  EXPECT_EQ(asked("GET /metrics HTTP/1.1"), HttpStatus::ok);
  EXPECT_EQ(asked("GET /metrics HTTP/1.0"), HttpStatus::ok);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\n\n"), HttpStatus::ok);
  EXPECT_EQ(asked("GET / HTTP/1.1"), HttpStatus::not_found);
  EXPECT_EQ(asked("GET /metrics/../etc/passwd HTTP/1.1"), HttpStatus::not_found);
  EXPECT_EQ(asked("GET /metricsx HTTP/1.1"), HttpStatus::not_found);
  EXPECT_EQ(asked("POST /metrics HTTP/1.1"), HttpStatus::method_not_allowed);
  EXPECT_EQ(asked("GET /metrics HTTP/2.0"), HttpStatus::version_not_supported);
}

TEST(HttpTest, TakesTheTargetAsAUri) {
  auto asked = [](const std::string& target) { return status_of("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"); };
  EXPECT_EQ(asked("http://node:9464/metrics"), HttpStatus::ok);
  EXPECT_EQ(asked("http://node/metrics?a=http://b/"), HttpStatus::ok);
  EXPECT_EQ(asked("http://[::1]:9464/metrics"), HttpStatus::ok);
  for (const char* target : {"http://node", "http://node/", "http://metrics", "http:///", "http://", "ftp://a/metrics",
                             "https://node/metrics", "http:/metrics", "*", "http://node?/metrics/x"}) {
    EXPECT_EQ(asked(target), HttpStatus::not_found) << target;
  }
}

TEST(HttpTest, SkipsEmptyLinesBeforeTheRequest) {
  const std::string whole = "\r\n\n\r\nGET /metrics HTTP/1.1\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(judge(whole.substr(0, size)), std::nullopt) << size;
  EXPECT_EQ(status_of(whole), HttpStatus::ok);
  std::string endless;
  while (endless.size() < kMaxRequest) endless += "\r\n";
  EXPECT_EQ(status_of(endless), HttpStatus::header_too_large);
}

TEST(HttpTest, AnswersHeadWithoutABody) {
  auto asked = [](const std::string& target) { return judge("HEAD " + target + " HTTP/1.1\r\n\r\n"); };
  ASSERT_EQ(asked("/metrics"), (Verdict{HttpStatus::ok, true}));
  ASSERT_EQ(asked("/other"), (Verdict{HttpStatus::not_found, true}));
  const std::string got = response({HttpStatus::ok}, "x 1\n");
  EXPECT_EQ(response({HttpStatus::ok, true}, "x 1\n") + "x 1\n", got);
  EXPECT_THAT(response({HttpStatus::not_found, true}), EndsWith("\r\n\r\n"));
}

TEST(HttpTest, RefusesWhatIsNoRequest) {
  for (const char* line : {"GET", "GET /metrics", "get /metrics HTTP/1.1", "GET /me trics HTTP/1.1",
                           " GET /metrics HTTP/1.1", "GET /metrics SSH-2.0", "\x16\x03\x01 a b"}) {
    EXPECT_EQ(status_of(std::string(line) + "\r\n"), HttpStatus::bad_request) << line;
  }
}

TEST(HttpTest, RefusesWhatDoesNotEnd) {
  EXPECT_EQ(status_of(std::string(kMaxRequest - 1, 'A')), std::nullopt);
  EXPECT_EQ(status_of(std::string(kMaxRequest, 'A')), HttpStatus::header_too_large);
  const std::string fields = "GET /metrics HTTP/1.1\r\n" + std::string(kMaxRequest, 'a');
  EXPECT_EQ(status_of(fields), HttpStatus::header_too_large);
  EXPECT_EQ(status_of(fields + "\r\n\r\n"), HttpStatus::header_too_large);
}

TEST(HttpTest, AnswersWholly) {
  EXPECT_EQ(response({HttpStatus::ok}, "x 1\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: 4\r\n"
            "Connection: close\r\n\r\nx 1\n");
  EXPECT_THAT(response({HttpStatus::method_not_allowed}), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  EXPECT_THAT(response({HttpStatus::not_found}), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(response({HttpStatus::not_found}), EndsWith("the metrics are at GET /metrics\n"));
  EXPECT_THAT(response({HttpStatus::not_found}), Not(HasSubstr("Allow")));
}

}  // namespace
}  // namespace chi::metrics
