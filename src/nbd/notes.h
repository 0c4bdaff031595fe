// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What an export has to tell its operator: a few lines at a time only, for a client can cause as many failures as it
// likes. Usable from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace chi::nbd {

class Notes {
 public:
  // `say` is called by one thread at a time.
  explicit Notes(std::function<void(const std::string&)> say) : say_(std::move(say)) {}

  void tell(const std::string& text) {
    const auto now = std::chrono::steady_clock::now();
    std::lock_guard lock(mutex_);
    if (now >= end_) {
      end_ = now + kWindow;
      told_ = 0;
      last_.clear();
    }
    if (told_ == kMost || text == last_) return;
    last_ = text;
    say_(++told_ == kMost ? text + " (and no more for some seconds)" : text);
  }

 private:
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr unsigned kMost = 5;  // in a window

  std::mutex mutex_;
  std::function<void(const std::string&)> say_;
  std::string last_;
  unsigned told_ = 0;
  std::chrono::steady_clock::time_point end_{};
};

}  // namespace chi::nbd
