// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Prepared threads wait for each other at a barrier; those that cannot be prepared come there too.
#include "benchmark/client_threads.h"

#include <barrier>
#include <optional>
#include <thread>

namespace chi::bench {

Result<double> run_threads(const Stage& stage, const Pool& pool, unsigned count, const ThreadWork& work) {
  std::vector<std::optional<Result<double>>> rates(count);
  std::barrier start(count);
  {
    std::vector<std::jthread> threads;
    threads.reserve(count);
    for (unsigned i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        Status prepared = stage.prepare_thread(Pool(pool), i);
        start.arrive_and_wait();
        rates[i].emplace(prepared.ok() ? work(i) : Result<double>(prepared.error()));
      });
    }
  }
  double sum = 0;
  for (auto& rate : rates) {
    if (!rate->ok()) return std::move(*rate).error();
    sum += **rate;
  }
  return sum;
}

}  // namespace chi::bench
