// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements log.h: spdlog formats, LineSink writes.
#include "base/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/file.h"
#include "base/line_sink.h"

namespace chi {

namespace {

constexpr std::array<std::string_view, 5> kLevelNames{"debug", "info", "warning", "error", "off"};
constexpr std::size_t kLongestText = 3500;  // so that a line is one atomic write to a pipe

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  constexpr std::array kLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err,
                               spdlog::level::off};
  return kLevels[static_cast<std::size_t>(level)];
}

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (out.size() >= kLongestText) return out.append("...");
    if (c == '\n') {
      out.append("\\n");
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// O_NONBLOCK: means nothing on a disk, and a FIFO cannot stop the daemon.
UniqueFd open_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
  // Who cleans up passes over what is locked.
  if (fd) (void)::flock(fd.get(), LOCK_SH | LOCK_NB);
  return fd;
}

bool is_same(const struct stat& a, const struct stat& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

class SpdLogger final : public Logger {
 public:
  SpdLogger(LogLevel least, std::vector<spdlog::sink_ptr> sinks, std::string path, int file)
      : Logger(least), path_(std::move(path)), file_(file), spd_("chimaera", sinks.begin(), sinks.end()) {
    spd_.set_level(to_spdlog(least));
    spd_.set_error_handler([](const std::string&) {});  // the default one prints to stderr under a global lock
  }

  // The new file gets the descriptors of the old one, stdout and stderr of a daemon in the background among them.
  bool follow_name() noexcept override {
    struct stat open_now{}, named{};
    if (file_ < 0 || ::fstat(file_, &open_now) != 0) return true;
    if (::stat(path_.c_str(), &named) == 0 && is_same(open_now, named)) return true;
    const UniqueFd fresh = open_file(path_);
    if (!fresh) return false;
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
      struct stat info{};
      if (::fstat(standard, &info) == 0 && is_same(info, open_now)) ::dup2(fresh.get(), standard);
    }
    return ::dup3(fresh.get(), file_, O_CLOEXEC) == file_;
  }

 private:
  void write(LogLevel level, std::string_view text) noexcept override {
    try {
      std::string line = one_line(text);
      spd_.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
    } catch (...) {  // no memory: this line is lost, nothing else
    }
  }

  const std::string path_;
  const int file_;  // the sink's, which keeps it open; -1: none
  spdlog::logger spd_;
};

std::shared_ptr<LineSink> make_sink(UniqueFd owned, int fd, bool journal) {
  auto sink = std::make_shared<LineSink>(std::move(owned), fd, journal);
  sink->set_pattern(journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %-7l [%t] %v");
  return sink;
}

}  // namespace

std::string_view level_name(LogLevel level) noexcept {
  auto index = static_cast<std::size_t>(level);
  return index < kLevelNames.size() ? kLevelNames[index] : "off";
}

bool parse_level(std::string_view text, LogLevel& out) noexcept {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (text != kLevelNames[i]) continue;
    out = static_cast<LogLevel>(i);
    return true;
  }
  return false;
}

void Logger::formatted(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    log(level, fmt::vformat(format, args));
  } catch (...) {  // a value that cannot be printed, or no memory
    log(level, std::string_view(format.data(), format.size()));
  }
}

Result<std::unique_ptr<Logger>> open_log(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  int file = -1;
  if (!options.file.empty()) {
    UniqueFd fd = open_file(options.file);
    if (!fd) {
      return Error{
          errno_code(errno), fmt::format("cannot open log file '{}': {}", options.file, errno_text(errno)), {}};
    }
    file = fd.get();
    sinks.push_back(make_sink(std::move(fd), file, false));
  }
  // Where stderr is closed, the next file that is opened gets its number, and would get the log's lines.
  const bool has_stderr = ::fcntl(STDERR_FILENO, F_GETFD) >= 0;
  if (options.standard_error && has_stderr) sinks.push_back(make_sink(UniqueFd(), STDERR_FILENO, options.journal));
  return std::unique_ptr<Logger>(std::make_unique<SpdLogger>(options.level, std::move(sinks), options.file, file));
}

bool stderr_is_journal() noexcept {
  const char* stream = std::getenv("JOURNAL_STREAM");
  unsigned long long device = 0;
  unsigned long long inode = 0;
  if (stream == nullptr || std::sscanf(stream, "%llu:%llu", &device, &inode) != 2) return false;
  struct stat info{};
  return ::fstat(STDERR_FILENO, &info) == 0 && info.st_dev == device && info.st_ino == inode;
}

}  // namespace chi
