// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The log, on media that are well, full, slow and gone.
#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/line_sink.h"
#include "base/unique_fd.h"

namespace chi {
namespace {

using testing::HasSubstr;
using testing::Not;

class Log : public testing::Test {
 protected:
  Log() {
    std::string pattern = testing::TempDir() + "chi-log-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    file_ = folder_ + "/log";
  }
  ~Log() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Logger> open(LogLevel level = LogLevel::info) const {
    auto log = open_log({.level = level, .file = file_, .standard_error = false});
    EXPECT_TRUE(log);
    return std::move(*log);
  }
  std::string content() const { return *read_file(file_, 64 << 20); }
  std::vector<std::string> lines() const {
    std::istringstream in(content());
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  std::string folder_;
  std::string file_;
};

TEST_F(Log, WritesFormattedLinesToAPrivateFile) {
  auto log = open();
  log->info("pool '{}' has {} containers", "kv", 8);
  log->error("bad");
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_THAT(lines()[0], HasSubstr("info"));
  EXPECT_THAT(lines()[0], HasSubstr("pool 'kv' has 8 containers"));
  EXPECT_THAT(lines()[1], HasSubstr("error"));
  struct stat info{};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(Log, AppendsToWhatIsThere) {
  open()->info("first");
  open()->info("second");
  ASSERT_EQ(lines().size(), 2U);
}

TEST_F(Log, KeepsToItsLevel) {
  auto log = open(LogLevel::warning);
  log->debug("d");
  log->info("i");
  log->warning("w");
  log->log(LogLevel::error, "e");
  log->log(LogLevel::off, "nothing is said at this level");
  EXPECT_EQ(lines().size(), 2U);
  EXPECT_FALSE(log->enabled(LogLevel::info));
}

TEST_F(Log, TextFromOutsideStaysOneLine) {
  auto log = open();
  log->log(LogLevel::info, "name\n2030-01-01 error forged\x1b[2J {} %s");
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], HasSubstr("name\\n2030-01-01 error forged\\x1b[2J {} %s"));
}

TEST_F(Log, LongTextIsCut) {
  open()->log(LogLevel::info, std::string(1'000'000, 'x'));
  EXPECT_LT(content().size(), 4096U);
  EXPECT_THAT(content(), HasSubstr("xxx..."));
}

TEST_F(Log, LinesOfManyThreadsDoNotMix) {
  auto log = open();
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kLines; ++i) log->info("<{}>", std::string(100, static_cast<char>('a' + t)));
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<int> count(kThreads);
  for (const std::string& line : lines()) {
    std::string text = line.substr(line.find('<'));
    ASSERT_EQ(text, "<" + std::string(100, text[1]) + ">");
    ++count[static_cast<std::size_t>(text[1] - 'a')];
  }
  EXPECT_EQ(count, std::vector<int>(kThreads, kLines));
}

TEST_F(Log, AFullDiskLosesLinesAndSaysSoLater) {
  auto log = open();
  log->info("before");
  auto size = std::filesystem::file_size(file_);
  rlimit unlimited{};
  getrlimit(RLIMIT_FSIZE, &unlimited);
  rlimit full{size + 10, unlimited.rlim_max};  // the next line is torn, those after it fail
  setrlimit(RLIMIT_FSIZE, &full);
  for (int i = 0; i < 5; ++i) log->info("in vain");
  setrlimit(RLIMIT_FSIZE, &unlimited);
  log->info("after");
  log->info("and on");
  auto all = lines();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_THAT(all[0], HasSubstr("before"));
  EXPECT_THAT(all[1], Not(HasSubstr("in vain")));
  EXPECT_THAT(all[2], HasSubstr("5 log lines could not be written"));
  EXPECT_THAT(all[3], HasSubstr("after"));
  EXPECT_THAT(all[4], HasSubstr("and on"));
}

TEST_F(Log, DevFullDoesNoHarm) {
  auto log = open_log({.file = "/dev/full", .standard_error = false});
  ASSERT_TRUE(log);
  for (int i = 0; i < 100; ++i) (*log)->error("no room");
}

TEST_F(Log, AFileThatCannotBeOpenedIsNamed) {
  auto log = open_log({.file = folder_ + "/no/such/log"});
  ASSERT_EQ(log.code(), Code::not_found);
  EXPECT_THAT(log.error().text, HasSubstr("/no/such/log"));
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == 0) {
      reader.reset(ends[0]);
      writer.reset(ends[1]);
    }
  }
  std::string read_some() const {
    char buffer[65536];
    ssize_t n = ::read(reader.get(), buffer, sizeof(buffer));
    return {buffer, n > 0 ? static_cast<std::size_t>(n) : 0};
  }
  UniqueFd reader, writer;
};

void say(LineSink& sink, spdlog::level::level_enum level, const std::string& text) {
  sink.log(spdlog::details::log_msg("t", level, text));
}

TEST(LineSink, JournalLinesBeginWithTheirPriority) {
  Pipe pipe;
  LineSink sink(UniqueFd(), pipe.writer.get(), true);
  sink.set_pattern("%v");
  say(sink, spdlog::level::debug, "d");
  say(sink, spdlog::level::info, "i");
  say(sink, spdlog::level::warn, "w");
  say(sink, spdlog::level::err, "e");
  EXPECT_EQ(pipe.read_some(), "<7>d\n<6>i\n<4>w\n<3>e\n");
}

TEST(LineSink, APipeThatNobodyReadsStopsNobody) {
  Pipe pipe;
  LineSink sink(UniqueFd(), pipe.writer.get(), false);
  sink.set_pattern("%v");
  std::string text(1000, 'x');
  constexpr std::size_t kLines = 1000;
  for (std::size_t i = 0; i < kLines; ++i) say(sink, spdlog::level::info, text);
  std::size_t arrived = 0;
  for (int bytes = 0; ioctl(pipe.reader.get(), FIONREAD, &bytes) == 0 && bytes > 0;) arrived += pipe.read_some().size();
  ASSERT_EQ(arrived % (text.size() + 1), 0U) << "a line was torn";
  std::size_t lost = kLines - arrived / (text.size() + 1);
  say(sink, spdlog::level::info, "again");
  EXPECT_EQ(pipe.read_some(), "(" + std::to_string(lost) + " log lines could not be written and are lost)\nagain\n");
}

TEST(LineSink, AClosedPipeDoesNotKill) {
  Pipe pipe;
  LineSink sink(UniqueFd(), pipe.writer.get(), false);
  pipe.reader.reset();
  for (int i = 0; i < 3; ++i) say(sink, spdlog::level::err, "nobody hears this");
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST(LogLevel, ReadsWhatItPrints) {
  for (LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    LogLevel read = LogLevel::info;
    EXPECT_TRUE(parse_level(level_name(level), read));
    EXPECT_EQ(read, level);
  }
  LogLevel untouched = LogLevel::error;
  EXPECT_FALSE(parse_level("verbose", untouched));
  EXPECT_EQ(untouched, LogLevel::error);
}

TEST(Journal, IsRecognisedByDeviceAndInode) {
  struct stat info{};
  ASSERT_EQ(fstat(STDERR_FILENO, &info), 0);
  std::string stream = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  setenv("JOURNAL_STREAM", stream.c_str(), 1);
  EXPECT_TRUE(stderr_is_journal());
  setenv("JOURNAL_STREAM", "1:1", 1);
  EXPECT_FALSE(stderr_is_journal());
  setenv("JOURNAL_STREAM", "rubbish", 1);
  EXPECT_FALSE(stderr_is_journal());
  unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(stderr_is_journal());
}

}  // namespace
}  // namespace chi
