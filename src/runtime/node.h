// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A whole daemon in one object: workers, socket, modules, pools. Also what chi::Runtime embeds.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "chimaera/result.h"
#include "runtime/config.h"
#include "runtime/repo_registry.h"

namespace chi::runtime {

struct NodeOptions {
  Config config;
  std::string name = "default";
  std::string socket_path;                // empty: no socket, connect() only
  std::vector<std::string> module_paths;  // before those of the configuration
  RepoRegistry repos;                     // looked into, too
  bool own_process = false;               // it is the daemon's: where its first thread may run, all may
};

class Node {
 public:
  // Everything is up when this returns, and the pools of the configuration are there; or nothing is. The log outlives
  // the node.
  static Result<std::unique_ptr<Node>> start(NodeOptions options, Logger& log);

  // Ends everything: see stop(), with no grace.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // The client's end of a session within this process.
  Result<UniqueFd> connect();

  // Asks for the end, from any thread or signal-handling thread; wait() returns then.
  void request_stop(std::uint32_t grace_ms);

  // Until somebody asks for the end, whose grace it gives, or for so long.
  std::optional<std::uint32_t> wait_for(std::chrono::milliseconds limit);

  // Lets what runs go on for up to `grace_ms`, then ends sessions, containers and threads. False when a handler would
  // not end: its thread still runs, and the process had better exit.
  bool stop(std::uint32_t grace_ms);

 private:
  struct Parts;
  Node();
  Status assemble(NodeOptions options, Logger& log);
  Status serve_metrics(const Config::Metrics& config, const std::string& name);
  void watch_cpus(bool own_process);
  void trim_at_rest();
  Status create_admin_pool();
  Status create_configured_pools(const Config& config);

  std::unique_ptr<Parts> parts_;
};

}  // namespace chi::runtime
