// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `calls`: so many null calls, one after the other, in a daemon that runs. For a profiler that watches one of the two.
#include <chimaera/client.h>

#include "benchmark/calls.h"
#include "benchmark/workload.h"
#include "small_message/small_message.h"

namespace chi::bench {

Result<Report> run_calls(const Options& options) {
  ConnectOptions connect;
  connect.socket = options.socket;
  if (!options.daemon.empty()) connect.name = options.daemon;
  const Result<Client> client = Client::connect(connect);
  if (!client.ok()) return client.error();
  PoolOptions small_messages;
  small_messages.module = "small_message";
  small_messages.if_absent = true;
  const Result<Pool> pool = client->create_pool("bench-calls", small_messages);
  if (!pool.ok()) return pool.error();
  for (std::uint64_t i = 0; i < options.calls; ++i) {
    const auto reply = pool->call<small_message::Null>().get();
    if (!reply.ok()) return reply.error();
  }
  Report report;
  report.rows = {{{"workload", "calls"}, {"calls", options.calls}}};
  return report;
}

}  // namespace chi::bench
