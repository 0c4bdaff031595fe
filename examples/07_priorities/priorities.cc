// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Two lanes: a call of low latency overtakes a heap of work that waits, even in the same container.
#include <chimaera/client.h>
#include <small_message/small_message.h>

#include <algorithm>
#include <iostream>
#include <vector>

int main() {
  using small_message::Nothing;
  constexpr int kBulk = 500;
  auto client = chi::Client::connect().value();
  auto pool = client.create_pool("lanes", {.module = "small_message", .if_absent = true}).value();

  // 500 times a millisecond of work, in the background; then one call of the priority that calls have by default.
  auto background = pool.with_priority(chi::Priority::high_throughput);
  std::vector<chi::Future<Nothing>> bulk;
  bulk.reserve(kBulk);
  for (int i = 0; i < kBulk; ++i) bulk.push_back(background.call<small_message::Spin>(1000U));
  pool.call<small_message::Null>().get().value();

  const auto done = std::count_if(bulk.begin(), bulk.end(), [](auto& future) { return future.ready(); });
  std::cout << "answered while " << kBulk - done << " of " << kBulk << " others were still waiting\n";
  for (auto& future : bulk) future.get().value();
  return done < kBulk ? 0 : 1;
}
