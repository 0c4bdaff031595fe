// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls that are made when they are due, however long those before them take. A latency is counted from the time when
// the call was due, so that it has in it what the generator itself, or a full ring, held it up. The thread sleeps
// whenever nothing is due or answered: CPUs are left to the workers.
#pragma once

#include <chimaera/client.h>
#include <chimaera/pool.h>
#include <chimaera/result.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "benchmark/arrivals.h"
#include "benchmark/calls.h"
#include "benchmark/statistics.h"

namespace chi::bench {

// Of one thread.
class OpenLoop {
 public:
  // `pool` is of small_message, with the containers that the arrivals name; the client should not spin.
  OpenLoop(const Client& client, const Pool& pool, std::uint32_t containers);

  // Makes all calls and waits for their answers. Fails as the first call does that fails, and when interrupted. What
  // was due in the first `warm_up` is not in the samples.
  Status run(const std::vector<Arrival>& arrivals, std::chrono::nanoseconds warm_up, std::chrono::nanoseconds length);

  // Of the latest run.
  Samples& all() noexcept { return all_; }
  Samples& small() noexcept { return small_; }  // without the longest calls
  double ops_per_s() const noexcept;            // answered between warm-up and end, by that time

 private:
  Task<void> time_one(Arrival arrival);
  void wait(std::uint64_t until_ns);

  Client client_;
  std::vector<Pool> lanes_;
  Samples all_;
  Samples small_;
  FirstFailure failure_;
  std::uint64_t begin_ns_ = 0;
  std::uint64_t warm_ns_ = 0;  // these two since begin_ns_
  std::uint64_t end_ns_ = 0;
  std::uint32_t longest_us_ = 0;
  std::uint64_t under_way_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace chi::bench
