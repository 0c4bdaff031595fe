// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The log. A Logger is passed by reference to whoever has something to say; there is no global one. Usable from any
// thread. Logging never fails, throws or waits for long: what cannot be written (disk full, a pipe that nobody reads)
// is counted, and the count is written when there is room again. Text from outside is safe to log: control characters
// are escaped, long lines are cut.
#pragma once

#include <chimaera/result.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chi {

enum class LogLevel : std::uint8_t { debug = 0, info = 1, warning = 2, error = 3, off = 4 };  // as chi_services::log

std::string_view level_name(LogLevel level) noexcept;

// "debug", "info", "warning", "error" or "off"; returns false and leaves `out` as it was for anything else.
bool parse_level(std::string_view text, LogLevel& out) noexcept;

class Logger {
 public:
  explicit Logger(LogLevel least) noexcept : least_(least) {}
  virtual ~Logger() = default;

  bool enabled(LogLevel level) const noexcept { return level >= least_ && level < LogLevel::off; }

  // One line, whatever is in `text`.
  void log(LogLevel level, std::string_view text) noexcept {
    if (enabled(level)) write(level, text);
  }

  // For a file that may be moved or removed while it is written (logrotate, whoever cleans up): when its name is no
  // longer its own, what has the name, or is made there now, takes its place. False: it cannot be opened.
  virtual bool follow_name() noexcept { return true; }

  template <class... A>
  void debug(fmt::format_string<A...> format, A&&... args) noexcept {
    if (enabled(LogLevel::debug)) formatted(LogLevel::debug, format, fmt::make_format_args(args...));
  }
  template <class... A>
  void info(fmt::format_string<A...> format, A&&... args) noexcept {
    if (enabled(LogLevel::info)) formatted(LogLevel::info, format, fmt::make_format_args(args...));
  }
  template <class... A>
  void warning(fmt::format_string<A...> format, A&&... args) noexcept {
    if (enabled(LogLevel::warning)) formatted(LogLevel::warning, format, fmt::make_format_args(args...));
  }
  template <class... A>
  void error(fmt::format_string<A...> format, A&&... args) noexcept {
    if (enabled(LogLevel::error)) formatted(LogLevel::error, format, fmt::make_format_args(args...));
  }

 private:
  virtual void write(LogLevel level, std::string_view text) noexcept = 0;
  void formatted(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;

  const LogLevel least_;
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  std::string file;  // appended to, made with mode 0600; empty: none
  bool standard_error = true;
  bool journal = false;  // lines on stderr begin with "<N>", the priority that journald reads, and have no time
};

// The daemon's log. Fails when the file cannot be opened; the text names it.
Result<std::unique_ptr<Logger>> open_log(const LogOptions& options);

// Whether stderr goes to journald (JOURNAL_STREAM names its device and inode).
bool stderr_is_journal() noexcept;

// Says nothing.
class NullLogger final : public Logger {
 public:
  NullLogger() noexcept : Logger(LogLevel::off) {}

 private:
  void write(LogLevel, std::string_view) noexcept override {}
};

}  // namespace chi
