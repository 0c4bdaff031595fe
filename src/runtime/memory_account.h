// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How much of a limit is in use, and by whom: whoever takes a part holds it as an object, which gives back exactly
// that.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/invariant.h"

namespace chi::runtime {

// Usable from any thread. Outlives every part of it.
class MemoryAccount {
 public:
  // So many bytes of the account, until its end.
  class Part {
   public:
    Part() = default;
    Part(Part&& other) noexcept
        : account_(std::exchange(other.account_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Part& operator=(Part&& other) noexcept {
      std::swap(account_, other.account_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Part() {
      if (account_) account_->give_back(bytes_);
    }

    std::uint64_t bytes() const noexcept { return bytes_; }

   private:
    friend MemoryAccount;
    Part(MemoryAccount& account, std::uint64_t bytes) noexcept : account_(&account), bytes_(bytes) {}

    MemoryAccount* account_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  explicit MemoryAccount(std::uint64_t limit) noexcept : limit_(limit) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;
  ~MemoryAccount() { invariant(used() == 0, "an account of memory has gone before a part of it"); }

  std::uint64_t limit() const noexcept { return limit_; }
  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

  // Nothing where it does not fit.
  std::optional<Part> take(std::uint64_t bytes) noexcept {
    std::uint64_t now = used();
    do {
      if (bytes > limit_ || now > limit_ - bytes) return std::nullopt;
    } while (!used_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
    return Part(*this, bytes);
  }

 private:
  void give_back(std::uint64_t bytes) noexcept {
    const std::uint64_t before = used_.fetch_sub(bytes, std::memory_order_relaxed);
    invariant(before >= bytes, "an account of memory went below zero");
  }

  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace chi::runtime
