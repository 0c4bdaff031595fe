// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A whole node inside a program, for tests and small tools: the same workers, modules and pools as a daemon's, the same
// client API, and no socket that anybody else could connect to. Registered repos (`chimaera repo`) are for daemons.
//
//   auto runtime = chi::Runtime::start({.module_paths = {"/path/to/repo"}}).value();
//   auto client = runtime.connect().value();
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chi {

struct RuntimeOptions {
  std::uint32_t workers = 1;
  std::vector<std::string> module_paths;  // repos, before CHIMAERA_MODULE_PATH and the installed ones
  std::string config;                     // YAML, as of a daemon's file; its runtime.workers gives way to `workers`
  bool log_to_stderr = false;             // warnings and errors
};

// Movable. Its threads end with it; clients must have gone before, or find their calls `unavailable`.
class Runtime {
 public:
  // Fails with what is wrong with the configuration or with loading the admin module; leaves nothing then.
  static Result<Runtime> start(const RuntimeOptions& options = {});

  Runtime(Runtime&&) noexcept;
  Runtime& operator=(Runtime&&) noexcept;
  ~Runtime();

  // A session of this program with its own runtime; any number of them, from any thread.
  Result<Client> connect(const ConnectOptions& options = {}) const;

  // Ends all: waits up to `grace_ms` for what runs. False when a handler would not end; its thread is left behind.
  bool stop(std::uint32_t grace_ms = 0);

 private:
  struct Parts;
  explicit Runtime(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

}  // namespace chi
