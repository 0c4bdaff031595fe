// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How far the demo is, on standard error: a bar that moves where that is a terminal, else a line now and then. Not
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace chi::cli {

// "[####----]  50 %" for a part of a known whole; for an unknown one (0) a mark that moves with each `step`.
std::string progress_bar(std::uint64_t part, std::uint64_t whole, unsigned step, unsigned width = 30);

class DemoProgress {
 public:
  using Clock = std::chrono::steady_clock;

  // `whole`: bytes to come; 0: not known.
  DemoProgress(std::uint64_t whole, bool terminal) : whole_(whole), terminal_(terminal), last_(Clock::now()) {}
  ~DemoProgress() { clear(); }
  DemoProgress(const DemoProgress&) = delete;
  DemoProgress& operator=(const DemoProgress&) = delete;

  // Cheap: call it for each record.
  void update(std::uint64_t records, std::uint64_t bytes) {
    if (++calls_ % 64 == 0) maybe_show(records, bytes);
  }

  // Takes the bar away.
  void clear();

 private:
  void maybe_show(std::uint64_t records, std::uint64_t bytes);

  const std::uint64_t whole_;
  const bool terminal_;
  Clock::time_point last_;
  unsigned calls_ = 0;
  unsigned step_ = 0;
  bool shown_ = false;
};

}  // namespace chi::cli
