// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_progress.h.
#include "cli/demo_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/table.h"

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

void DemoProgress::maybe_show(std::uint64_t records, std::uint64_t bytes) {
  const auto now = Clock::now();
  if (now - last_ < (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLine))) return;
  last_ = now;
  const std::string done = fmt::format("{} records, {:.1f} MB", human_count(records), static_cast<double>(bytes) / 1e6);
  if (terminal_) {
    std::fprintf(stderr, "\r\x1b[Kstoring %s %s", progress_bar(bytes, whole_, step_++).c_str(), done.c_str());
    shown_ = true;
  } else {
    std::fprintf(stderr, "storing: %s\n", done.c_str());
  }
  std::fflush(stderr);
}

void DemoProgress::clear() {
  if (!std::exchange(shown_, false)) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

}  // namespace chi::cli
