// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements line_sink.h.
#include "base/line_sink.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/signals.h"

namespace chi {

namespace {

constexpr int kPatienceMs = 50;  // for a reader that is slow; one that is stuck costs it once

int priority(spdlog::level::level_enum level) noexcept {
  if (level >= spdlog::level::err) return 3;
  if (level == spdlog::level::warn) return 4;
  return level == spdlog::level::info ? 6 : 7;
}

}  // namespace

bool LineSink::write_line(std::string_view line) noexcept {
  pollfd ready{fd_, POLLOUT, 0};
  if (::poll(&ready, 1, lost_ == 0 ? kPatienceMs : 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
  const WriteSignalsHeld held;
  ssize_t n = ::write(fd_, line.data(), line.size());
  torn_ = n > 0 && static_cast<std::size_t>(n) < line.size();
  return n > 0 && !torn_;
}

void LineSink::sink_it_(const spdlog::details::log_msg& message) {
  int saved = errno;
  spdlog::memory_buf_t text;
  formatter_->format(message, text);
  std::string line(torn_ ? "\n" : "");
  std::string prefix = journal_ ? fmt::format("<{}>", priority(message.level)) : std::string();
  if (lost_ > 0) line += fmt::format("{}({} log lines could not be written and are lost)\n", prefix, lost_);
  line.append(prefix).append(text.data(), text.size());
  bool was_torn = torn_;
  if (write_line(line)) {
    lost_ = 0;
  } else {
    torn_ = torn_ || was_torn;
    ++lost_;
  }
  errno = saved;
}

}  // namespace chi
