// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The other process of the floors: a fork of this one that answers over bare rings, or sleeps until it is woken, on the
// CPU that the daemon's worker has. While it is not asked to do any of this it sleeps, and costs nothing.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "benchmark/bare_ring.h"

namespace chi::bench {

inline constexpr unsigned kMaxBareChannels = 64;

// Of one thread; a BareClient may be used by another one while the partner spins. Ends the process.
class FloorPartner {
 public:
  // Precondition: this process has one thread.
  static Result<std::unique_ptr<FloorPartner>> start();
  ~FloorPartner();
  FloorPartner(const FloorPartner&) = delete;
  FloorPartner& operator=(const FloorPartner&) = delete;

  pid_t pid() const noexcept { return pid_; }

  // From now on it looks into the first `channels` rings, without pause, until rest().
  void spin(unsigned channels);
  BareClient& ring(unsigned channel) { return clients_[channel]; }

  // How it is woken. It wakes this process, which sleeps meanwhile, over a futex always.
  enum class Wake : std::uint32_t { futex, eventfd };

  // From now on it sleeps until wake_up(), until rest().
  void sleep_on(Wake wake);

  // Wakes it, and sleeps until it does the same. False when it does not within seconds.
  bool wake_up();

  // Nothing of this any more.
  void rest();

 private:
  struct Memory;
  enum class Duty : std::uint32_t { rest, spin, futex, eventfd };

  FloorPartner() = default;
  void assign(Duty duty);
  [[noreturn]] void serve(pid_t parent);
  void serve_rings();
  void serve_wake_ups(Duty duty);
  Duty duty() const noexcept;
  void ask();

  Memory* memory_ = nullptr;
  UniqueFd eventfd_;
  pid_t pid_ = -1;
  std::vector<BareClient> clients_;
  std::vector<BareServer> servers_;  // of the other process
};

}  // namespace chi::bench
