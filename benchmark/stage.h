// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What most workloads stand on: a daemon, this process as its client, and a partner for the floors. Client and worker
// are bound to a CPU each, and the partner to the worker's, so that figure and floor are between the same two places.
// With a daemon that ran before nothing is bound.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmark/floor_partner.h"
#include "benchmark/private_daemon.h"
#include "benchmark/statistics.h"
#include "benchmark/timing.h"
#include "benchmark/workload.h"

namespace chi::bench {

// Of the thread that sets it up. Pools that it made in somebody else's daemon are destroyed with it.
class Stage {
 public:
  // Precondition: this process has one thread.
  static Result<std::unique_ptr<Stage>> set_up(const Options& options);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const Client& client() const noexcept { return *client_; }

  // Another one of the same daemon; which that is, is filled in.
  Result<Client> connect(ConnectOptions options = {}) const;

  FloorPartner& floor() noexcept { return *floor_; }
  pid_t daemon_pid() const noexcept { return daemon_pid_; }

  // A new pool, under a name of its own.
  Result<Pool> make_pool(const std::string& module, std::uint32_t containers = 1, Bytes config = {});

  // For a further client thread, before its first measurement: makes its stream by a call while the thread may still
  // use all CPUs (a thread bound to one CPU of one would not spin), then binds it.
  Status prepare_thread(const Pool& pool, unsigned index) const;

  // Binds the calling thread where the client belongs, or lets it go anywhere.
  void bind_client() const;
  void release_client() const;

  // Round trips over the bare ring, one at a time.
  void time_floor(Samples& samples, std::chrono::nanoseconds slice);

 private:
  explicit Stage(const Options& options) : options_(options) {}
  Status start_daemon();
  Status bind_all();

  Options options_;
  std::unique_ptr<FloorPartner> floor_;
  std::optional<PrivateDaemon> daemon_;
  std::optional<Client> client_;
  pid_t daemon_pid_ = -1;
  std::vector<std::string> pools_;
};

}  // namespace chi::bench
