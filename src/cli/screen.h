// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The terminal as one picture that is drawn anew again and again, by ANSI escape codes, and left as it was found.
#pragma once

#include <chimaera/result.h>
#include <termios.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace chi::cli {

// What fits a terminal of so many lines and columns: lines beyond are left out, longer ones are cut, each overwrites
// what stood there before. UTF-8 stays whole; control characters other than newlines are not in `text`.
std::string screen_picture(const std::string& text, std::size_t rows, std::size_t columns);

// Used by one thread. One at a time in a program.
class Screen {
 public:
  // Blocks the signals that a screen waits for, for this thread and those it starts from here on.
  static void block_signals();
  // Whether stdin and stdout are terminals.
  static bool possible() noexcept;

  // Precondition: possible(), and block_signals() was called.
  static Result<std::unique_ptr<Screen>> open();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  std::size_t rows() const noexcept;
  std::size_t columns() const noexcept;
  void draw(const std::string& text) const;

  // `end`: q, Ctrl-C, a signal to end, or the terminal went away. `redraw`: its size changed, or it is back.
  enum class Event { time, redraw, end };
  Event wait(std::chrono::nanoseconds time);

 private:
  Screen() = default;
  void enter() const;
  void leave() const;
  Event on_signal();
  static Event on_key();

  termios before_{};
  UniqueFd signals_;
};

}  // namespace chi::cli
