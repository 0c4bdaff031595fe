// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements policy_node.h.
#include "benchmark/policy_node.h"

#include <algorithm>
#include <utility>

namespace chi::bench {

Result<PolicyNode> PolicyNode::start(const Options& options, std::uint32_t workers, std::uint32_t containers) {
  if (!options.daemon.empty()) {
    return Error{Code::invalid_argument,
                 "it changes policies, and so only measures a daemon of its own: leave out --name", "bench"};
  }
  Options own = options;
  own.workers = workers;
  Result<PrivateDaemon> daemon = PrivateDaemon::start(own);
  if (!daemon.ok()) return std::move(daemon).error();
  ConnectOptions connect;
  connect.socket = daemon->socket();
  connect.spin = std::chrono::nanoseconds(0);
  Result<Client> client = Client::connect(connect);
  if (!client.ok()) return std::move(client).error();
  PoolOptions pool_options;
  pool_options.module = "small_message";
  pool_options.containers = containers;
  Result<Pool> pool = client->create_pool("bench", pool_options);
  if (!pool.ok()) return std::move(pool).error();
  return PolicyNode(*std::move(daemon), *std::move(client), *std::move(pool));
}

Result<std::vector<std::string>> PolicyNode::policies() const {
  const auto found = client_.admin().call<admin::ModuleList>().get();
  if (!found.ok()) return found.error();
  std::vector<std::string> out;
  for (const admin::ModuleInfo& module : found->modules) {
    if (module.name.starts_with("worch_queue_")) out.push_back(module.name);
  }
  std::sort(out.begin(), out.end());
  const auto first = std::find(out.begin(), out.end(), kRoundRobin);
  if (first == out.end()) {
    return Error{Code::not_found,
                 "there is no module worch_queue_round_robin to compare with: give its folder with "
                 "--module-path",
                 "bench"};
  }
  std::rotate(out.begin(), first, first + 1);
  return out;
}

Status PolicyNode::use(const std::string& policy) const {
  for (const std::string& module : {std::string(kRoundRobin), policy}) {
    const auto done = client_.admin().call<admin::WorchSet>("queue", module).get();
    if (!done.ok()) return done.error();
  }
  return {};
}

Result<admin::WorchReply> PolicyNode::show() const { return client_.admin().call<admin::WorchShow>().get(); }

}  // namespace chi::bench
