// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The daemon's configuration: a plain value with every default in place, and how it is read from YAML. The meaning of
// each key is in the table of config.cc, from which --print-config and docs/configuration.md are made.
#pragma once

#include <chimaera/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace chi::runtime {

struct PoolConfig {
  std::string name;
  std::string module;
  std::uint32_t containers = 1;
  std::uint32_t mode = 0600;
  std::string config = "{}";  // a JSON object: the fields of the module's Config
  bool operator==(const PoolConfig&) const = default;
};

struct Config {
  enum class Poll : std::uint8_t { adaptive, always };

  struct Runtime {
    std::uint32_t workers = 0;      // 0: auto, see worker_count()
    std::uint32_t max_workers = 0;  // 0: auto, see worker_limit()
    std::chrono::nanoseconds spin = std::chrono::microseconds(50);
    Poll poll = Poll::adaptive;
    std::chrono::nanoseconds isolate_after = std::chrono::milliseconds(5);
    std::chrono::nanoseconds stuck_after = std::chrono::milliseconds(100);
    std::chrono::nanoseconds trim_after = std::chrono::seconds(10);  // 0: never
    std::chrono::nanoseconds default_deadline = std::chrono::seconds(30);
    bool operator==(const Runtime&) const = default;
  } runtime;

  struct Modules {
    std::vector<std::string> paths;
    bool operator==(const Modules&) const = default;
  } modules;

  struct Session {
    std::uint64_t memory_limit = std::uint64_t{1} << 30;  // bytes
    std::uint32_t max_sessions = 1024;
    std::uint32_t max_streams = 256;        // of one session
    std::vector<std::uint32_t> allow_uids;  // besides the daemon's own and root
    bool operator==(const Session&) const = default;
  } session;

  struct Socket {
    std::string path;  // empty: follows from the daemon's name
    std::uint32_t mode = 0600;
    std::string group;  // empty: as the daemon's
    bool operator==(const Socket&) const = default;
  } socket;

  struct Log {
    LogLevel level = LogLevel::info;
    std::string file;  // empty: stderr only
    bool operator==(const Log&) const = default;
  } log;

  struct Call {
    std::uint64_t max_message = std::uint64_t{1} << 20;  // bytes of encoded fields, without buffers
    bool operator==(const Call&) const = default;
  } call;

  struct Worch {
    std::string queue = "worch_queue_least_loaded";  // empty: none
    std::string proc;                                // empty: none
    std::chrono::nanoseconds period = std::chrono::milliseconds(100);
    std::chrono::nanoseconds patience = std::chrono::milliseconds(100);
    bool operator==(const Worch&) const = default;
  } worch;

  struct Metrics {
    std::string listen;      // as metrics/address.h has it; empty: none are given out
    bool is_public = false;  // the address may be one that other machines reach
    bool operator==(const Metrics&) const = default;
  } metrics;

  std::vector<PoolConfig> pools;
  bool operator==(const Config&) const = default;
};

// Number of workers to start: what is configured, or for auto one less than usable_cpus(), at least 1 and at most 8 and
// what max_workers says.
std::uint32_t worker_count(const Config& config);

// Number of workers that there can be while the daemon serves: what is configured, or for auto twice usable_cpus(), and
// not less than worker_count(). invalid_argument: more workers are configured than that.
Result<std::uint32_t> worker_limit(const Config& config);

// From YAML text; `name` is what errors call the file. Never throws. Errors are invalid_argument and read
// "NAME:LINE: what is wrong and what would be right". Empty text gives the defaults.
Result<Config> parse_config(std::string_view text, std::string_view name);

// From a file of at most 1 MiB that root or this user alone could have written: it decides what code runs.
Result<Config> load_config(const std::string& path);

// The defaults as YAML with a comment for each key; parse_config reads it back as Config{}.
std::string default_config_text();

// The text of docs/configuration.md.
std::string config_reference();

}  // namespace chi::runtime
