// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a client sends: small pieces by way of a buffer, so that many requests cost one system call; large ones straight
// to where they belong. Used by one thread; the socket stays the caller's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

namespace chi::nbd {

class SocketReader {
 public:
  explicit SocketReader(int fd) noexcept : fd_(fd) {}

  // All of `into`. False: the client has gone, or said less.
  bool read(std::span<std::uint8_t> into);

  // The same, for nobody.
  bool skip(std::uint64_t size);

  // What is there; waits for it until then. Empty: the client has gone, or the time is over.
  std::span<const std::uint8_t> peek(std::chrono::steady_clock::time_point until);
  void consume(std::size_t size) noexcept { begin_ += size; }

 private:
  bool fill();
  std::size_t take(std::span<std::uint8_t> into) noexcept;

  int fd_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::array<std::uint8_t, 16 << 10> bytes_;
};

// All of it by then, also to a client that reads slowly. False: it has gone, or was too slow.
bool send_all(int fd, std::span<const std::uint8_t> bytes, std::chrono::steady_clock::time_point until);

}  // namespace chi::nbd
