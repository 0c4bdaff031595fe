// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How far a command is, on standard error: a bar that moves where that is a terminal, else a line now and then. Not
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace chi::cli {

// "[####----]  50 %" for a part of a known whole; for an unknown one (0) a mark that moves with each `step`.
std::string progress_bar(std::uint64_t part, std::uint64_t whole, unsigned step, unsigned width = 30);

class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  // `doing`: "storing". `whole` of what is to come; 0: not known.
  Progress(std::string doing, std::uint64_t whole, bool terminal)
      : doing_(std::move(doing)), whole_(whole), terminal_(terminal), last_(Clock::now()) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Whether it is time to show how far it is.
  bool due() const;
  // `done` says the same in words.
  void show(std::uint64_t part, const std::string& done);

  // Takes the bar away.
  void clear();

 private:
  const std::string doing_;
  const std::uint64_t whole_;
  const bool terminal_;
  Clock::time_point last_;
  unsigned step_ = 0;
  bool shown_ = false;
};

}  // namespace chi::cli
