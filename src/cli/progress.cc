// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements progress.h.
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace chi::cli {

namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLine = std::chrono::seconds(2);

}  // namespace

std::string progress_bar(std::uint64_t part, std::uint64_t whole, unsigned step, unsigned width) {
  std::string bar(width, '-');
  if (whole != 0) {
    const double done = std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
    std::fill_n(bar.begin(), static_cast<std::size_t>(done * width), '#');
    return fmt::format("[{}] {:3.0f} %", bar, done * 100);
  }
  constexpr unsigned kMark = 3;
  const unsigned places = width - kMark;
  const unsigned at = step % (2 * places);
  bar.replace(at < places ? at : 2 * places - at, kMark, kMark, '#');
  return fmt::format("[{}]", bar);
}

bool Progress::due() const {
  return Clock::now() - last_ >= (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLine));
}

void Progress::show(std::uint64_t part, const std::string& done) {
  last_ = Clock::now();
  if (terminal_) {
    std::fprintf(stderr, "\r\x1b[K%s %s %s", doing_.c_str(), progress_bar(part, whole_, step_++).c_str(), done.c_str());
    shown_ = true;
  } else {
    std::fprintf(stderr, "%s: %s\n", doing_.c_str(), done.c_str());
  }
  std::fflush(stderr);
}

void Progress::clear() {
  if (!std::exchange(shown_, false)) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

}  // namespace chi::cli
