// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A private daemon whose lanes are placed by one policy after the other, and its client, which leaves the CPUs to the
// workers.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/client.h>
#include <chimaera/pool.h>
#include <chimaera/result.h>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/private_daemon.h"
#include "benchmark/workload.h"

namespace chi::bench {

inline constexpr char kRoundRobin[] = "worch_queue_round_robin";
inline constexpr char kLeastLoaded[] = "worch_queue_least_loaded";

class PolicyNode {
 public:
  // With one pool of small_message. Fails with invalid_argument when the options name a daemon that runs: nobody's
  // policy is changed but its own.
  static Result<PolicyNode> start(const Options& options, std::uint32_t workers, std::uint32_t containers);

  const Client& client() const noexcept { return client_; }
  const Pool& pool() const noexcept { return pool_; }

  // All modules worch_queue_* that the daemon finds, round robin first.
  Result<std::vector<std::string>> policies() const;

  // Puts it in charge of lanes that are where round robin has them.
  Status use(const std::string& policy) const;

  Result<admin::WorchReply> show() const;

 private:
  PolicyNode(PrivateDaemon daemon, Client client, Pool pool)
      : daemon_(std::move(daemon)), client_(std::move(client)), pool_(std::move(pool)) {}

  PrivateDaemon daemon_;
  Client client_;
  Pool pool_;
};

}  // namespace chi::bench
