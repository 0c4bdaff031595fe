// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node and its log, behind the public class.
#include "chimaera/runtime.h"

#include "client/session.h"
#include "runtime/node.h"

namespace chi {

struct Runtime::Parts {
  std::unique_ptr<Logger> log;
  std::unique_ptr<runtime::Node> node;
};

Runtime::Runtime(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;
Runtime::~Runtime() = default;

Result<Runtime> Runtime::start(const RuntimeOptions& options) {
  auto config = runtime::parse_config(options.config, "RuntimeOptions.config");
  if (!config) return std::move(config).error();
  config->runtime.workers = options.workers;
  auto parts = std::make_unique<Parts>();
  if (options.log_to_stderr) {
    auto log = open_log({.level = LogLevel::warning});
    if (!log) return std::move(log).error();
    parts->log = std::move(*log);
  } else {
    parts->log = std::make_unique<NullLogger>();
  }
  runtime::NodeOptions node;
  node.config = std::move(*config);
  node.name = "embedded";
  node.module_paths = options.module_paths;
  auto started = runtime::Node::start(std::move(node), *parts->log);
  if (!started) return std::move(started).error();
  parts->node = std::move(*started);
  return Runtime(std::move(parts));
}

Result<Client> Runtime::connect(const ConnectOptions& options) const {
  auto socket = parts_->node->connect();
  if (!socket) return std::move(socket).error();
  return client::connect_socket(std::move(*socket), options);
}

bool Runtime::stop(std::uint32_t grace_ms) { return parts_->node->stop(grace_ms); }

}  // namespace chi
