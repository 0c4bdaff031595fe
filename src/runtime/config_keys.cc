// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements config_keys.h.
#include "runtime/config_keys.h"

#include <chimaera/size.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/text.h"
#include "metrics/address.h"

namespace chi::runtime {

namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kHour = 3'600 * kSecond;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::size_t kMaxPath = 4095;
constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un
constexpr std::size_t kMaxItems = 1024;

bool is_scalar(const YamlNode& node) { return node.kind == YamlNode::Kind::scalar; }

template <class T>
bool assign(T& to, const Result<std::uint64_t>& value, std::uint64_t least, std::uint64_t most) {
  if (!value || *value < least || *value > most) return false;
  to = T(*value);
  return true;
}

template <auto kSection, auto kField, std::uint64_t kLeast, std::uint64_t kMost>
bool set_number(Config& config, const YamlNode& node) {
  return is_scalar(node) && assign(config.*kSection.*kField, parse_number(node.text), kLeast, kMost);
}

template <auto kSection, auto kField, std::uint64_t kLeast, std::uint64_t kMost>
bool set_duration(Config& config, const YamlNode& node) {
  return is_scalar(node) && assign(config.*kSection.*kField, parse_duration(node.text), kLeast, kMost);
}

template <auto kSection, auto kField, std::uint64_t kLeast, std::uint64_t kMost>
bool set_size(Config& config, const YamlNode& node) {
  return is_scalar(node) && assign(config.*kSection.*kField, parse_size(node.text), kLeast, kMost);
}

std::optional<std::uint32_t> octal_mode(const YamlNode& node) {
  std::string_view text = node.text;
  std::uint32_t mode = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (!is_scalar(node) || error != std::errc{} || end != text.data() + text.size() || mode > 0777) return std::nullopt;
  return mode;
}

bool set_socket_mode(Config& config, const YamlNode& node) {
  auto mode = octal_mode(node);
  if (!mode || (*mode & 0600) != 0600) return false;
  config.socket.mode = *mode;
  return true;
}

bool set_workers(Config& config, const YamlNode& node) {
  if (is_scalar(node) && node.text == "auto") {
    config.runtime.workers = 0;
    return true;
  }
  return set_number<&Config::runtime, &Config::Runtime::workers, 1, 64>(config, node);
}

bool set_max_workers(Config& config, const YamlNode& node) {
  if (is_scalar(node) && node.text == "auto") {
    config.runtime.max_workers = 0;
    return true;
  }
  return set_number<&Config::runtime, &Config::Runtime::max_workers, 1, 64>(config, node);
}

bool set_poll(Config& config, const YamlNode& node) {
  if (!is_scalar(node) || (node.text != "adaptive" && node.text != "always")) return false;
  config.runtime.poll = node.text == "always" ? Config::Poll::always : Config::Poll::adaptive;
  return true;
}

bool set_level(Config& config, const YamlNode& node) {
  return is_scalar(node) && parse_level(node.text, config.log.level);
}

bool is_plain_text(const YamlNode& node, std::size_t longest) {
  return is_scalar(node) && !node.text.empty() && node.text.size() <= longest &&
         std::none_of(node.text.begin(), node.text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

template <auto kSection, auto kField, std::size_t kLongest>
bool set_optional_text(Config& config, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::null) {
    (config.*kSection.*kField).clear();
    return true;
  }
  if (!is_plain_text(node, kLongest)) return false;
  config.*kSection.*kField = node.text;
  return true;
}

bool set_paths(Config& config, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::list || node.items.size() > kMaxItems) return false;
  std::vector<std::string> paths;
  for (const YamlNode& item : node.items) {
    if (!is_plain_text(item, kMaxPath)) return false;
    paths.push_back(item.text);
  }
  config.modules.paths = std::move(paths);
  return true;
}

bool set_allow_uids(Config& config, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::list || node.items.size() > kMaxItems) return false;
  constexpr std::uint64_t kLastUid = std::numeric_limits<std::uint32_t>::max() - 1;  // -1 is nobody's
  std::vector<std::uint32_t> uids(node.items.size());
  for (std::size_t i = 0; i < uids.size(); ++i) {
    if (!is_scalar(node.items[i]) || !assign(uids[i], parse_number(node.items[i].text), 0, kLastUid)) return false;
  }
  config.session.allow_uids = std::move(uids);
  return true;
}

bool set_metrics_listen(Config& config, const YamlNode& node) {
  if (is_scalar(node) && !metrics::parse_address(node.text).ok()) return false;
  return set_optional_text<&Config::metrics, &Config::Metrics::listen, kMaxSocketPath>(config, node);
}

bool set_metrics_public(Config& config, const YamlNode& node) {
  if (!is_scalar(node) || (node.text != "true" && node.text != "false")) return false;
  config.metrics.is_public = node.text == "true";
  return true;
}

constexpr std::array kConfigKeys{
    Key<Config>{"runtime", "workers", "auto", "auto, or a number from 1 to 64",
                "Threads that execute tasks. auto: one less than the CPUs that the daemon may use (by its affinity and "
                "the limits of its control groups), at least 1, at most 8.",
                set_workers},
    Key<Config>{"runtime", "max_workers", "auto", "auto, or a number from 1 to 64",
                "Most that `chimaera workers set` can make of them. auto: twice the CPUs that the daemon may use, at "
                "least runtime.workers. For each, a session has a descriptor, and each stream 66 KiB of "
                "session.memory_limit, which take memory only once there is the worker.",
                set_max_workers},
    Key<Config>{"runtime", "spin", "50us", "a duration from 0 to 1s",
                "How long at most a worker that has nothing to do looks for work before it sleeps; it adapts to what "
                "comes. 0: it sleeps at once.",
                set_duration<&Config::runtime, &Config::Runtime::spin, 0, kSecond>},
    Key<Config>{"runtime", "poll", "adaptive", "adaptive or always",
                "always: workers never sleep. Each then takes a whole CPU, idle or not.", set_poll},
    Key<Config>{
        "runtime", "isolate_after", "5ms", "a duration from 1ms to 1h",
        "A handler that runs for so long without awaiting anything keeps its thread, and its worker goes on with "
        "everything else on another one: so long, and half as long again, can it delay other containers.",
        set_duration<&Config::runtime, &Config::Runtime::isolate_after, kMs, kHour>},
    Key<Config>{"runtime", "stuck_after", "100ms", "a duration from 10ms to 1h",
                "A handler that runs for so long without awaiting anything is stuck: the log, `chimaera status` and "
                "`chimaera top` name it.",
                set_duration<&Config::runtime, &Config::Runtime::stuck_after, 10 * kMs, kHour>},
    Key<Config>{"runtime", "trim_after", "10s", "a duration from 0 to 1h",
                "When no worker has had anything to do for so long, memory that was freed goes back to the system, "
                "once after each time of work; whoever needs memory meanwhile waits until that is done. 0: never.",
                set_duration<&Config::runtime, &Config::Runtime::trim_after, 0, kHour>},
    Key<Config>{"runtime", "default_deadline", "30s", "a duration from 1ms to 1000h",
                "Deadline of a call that names none.",
                set_duration<&Config::runtime, &Config::Runtime::default_deadline, kMs, 1000 * kHour>},
    Key<Config>{"modules", "paths", "[]", "a list of folders",
                "Module repos: folders of module folders. Looked through after those of the command line, before "
                "CHIMAERA_MODULE_PATH and the registered ones. A relative path starts at this file's folder.",
                set_paths},
    Key<Config>{"session", "memory_limit", "1GiB", "a size from 1MiB to 1TiB",
                "Shared memory of one session, all its streams and arenas together. Beyond it the client gets "
                "resource_exhausted.",
                set_size<&Config::session, &Config::Session::memory_limit, kMiB, kMiB * kMiB>},
    Key<Config>{"session", "max_sessions", "1024", "a number from 1 to 65536", "Client processes at a time.",
                set_number<&Config::session, &Config::Session::max_sessions, 1, 65536>},
    Key<Config>{"session", "max_streams", "256", "a number from 1 to 4096",
                "Streams of one session at a time: one for each thread of the client that makes calls.",
                set_number<&Config::session, &Config::Session::max_streams, 1, 4096>},
    Key<Config>{"session", "allow_uids", "[]", "a list of at most 1024 user ids (numbers)",
                "Users that may connect besides root and the daemon's own, and nobody else, whatever the socket's mode "
                "says. That must let them in, too. Empty: the mode decides.",
                set_allow_uids},
    Key<Config>{
        "socket", "path", "null", "a path of at most 107 bytes",
        "The daemon's Unix socket. Not set: `<runtime folder>/<daemon name>.sock`. A relative path starts at this "
        "file's folder.",
        set_optional_text<&Config::socket, &Config::Socket::path, kMaxSocketPath>},
    Key<Config>{"socket", "mode", "0600", "an octal mode from 0600 to 0777 that lets the owner read and write",
                "Permission bits of the socket.", set_socket_mode},
    Key<Config>{"socket", "group", "null", "the name or number of a group",
                "Group of the socket. Not set: the daemon's.",
                set_optional_text<&Config::socket, &Config::Socket::group, kMaxNameLength>},
    Key<Config>{"log", "level", "info", "debug, info, warning, error or off", "The least level that is logged.",
                set_level},
    Key<Config>{
        "log", "file", "null", "a path",
        "File that the log is appended to, made with mode 0600. Not set: none but stderr. A relative path starts "
        "at this file's folder.",
        set_optional_text<&Config::log, &Config::Log::file, kMaxPath>},
    Key<Config>{"call", "max_message", "1MiB", "a size from 4KiB to 64MiB",
                "Largest request or reply without its buffers (Bytes above 512 bytes and Buffers count apart, and are "
                "bounded by session.memory_limit).",
                set_size<&Config::call, &Config::Call::max_message, 4096, 64 * kMiB>},
    Key<Config>{"worch", "queue", "worch_queue_least_loaded", "the name of a module",
                "The policy that says which worker runs which container; null: each stays where it was made.",
                set_optional_text<&Config::worch, &Config::Worch::queue, kMaxNameLength>},
    Key<Config>{"worch", "proc", "null", "the name of a module",
                "The policy that says which CPUs the workers run on. Not set: the kernel decides.",
                set_optional_text<&Config::worch, &Config::Worch::proc, kMaxNameLength>},
    Key<Config>{"worch", "period", "100ms", "a duration from 0 to 1h",
                "How often the policies are asked while there is work. 0: only at events, and by `chimaera worch run`.",
                set_duration<&Config::worch, &Config::Worch::period, 0, kHour>},
    Key<Config>{"worch", "patience", "100ms", "a duration from 1ms to 10s",
                "A policy that takes longer to answer is not waited for; what was assigned before stays.",
                set_duration<&Config::worch, &Config::Worch::patience, kMs, 10 * kSecond>},
    Key<Config>{
        "metrics", "listen", "null",
        "an address and a port (127.0.0.1:9464, [::1]:9464), or a path with a '/' in it, of at most 107 bytes",
        "Where Prometheus fetches metrics: GET /metrics on this port, or on a Unix socket, made with mode 0600. "
        "Not set: nowhere, and nothing is computed. Port 0: a free one, which the log names. A relative path "
        "starts at this file's folder.",
        set_metrics_listen},
    Key<Config>{"metrics", "public", "false", "true or false",
                "true: metrics.listen may be an address that other machines reach. Whoever can reach it reads the "
                "names of pools, modules and methods, and how much they do; no password is asked for.",
                set_metrics_public},
};

bool set_pool_name(PoolConfig& pool, const YamlNode& node) {
  if (!is_scalar(node) || !check_pool_name(node.text)) return false;
  pool.name = node.text;
  return true;
}

bool set_pool_module(PoolConfig& pool, const YamlNode& node) {
  if (!is_scalar(node) || !is_identifier(node.text)) return false;
  pool.module = node.text;
  return true;
}

bool set_pool_containers(PoolConfig& pool, const YamlNode& node) {
  return is_scalar(node) && assign(pool.containers, parse_number(node.text), 1, 65536);
}

bool set_pool_mode(PoolConfig& pool, const YamlNode& node) {
  auto mode = octal_mode(node);
  if (mode) pool.mode = *mode;
  return mode.has_value();
}

bool set_pool_config(PoolConfig& pool, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::mapping) return false;
  pool.config = to_json(node);
  return true;
}

constexpr std::array kPoolKeys{
    Key<PoolConfig>{"", "name", "", kPoolNameRule, "Name of the pool: the rule is the same however a pool is made.",
                    set_pool_name},
    Key<PoolConfig>{"", "module", "", "the name of a module", "The module whose code the pool runs.", set_pool_module},
    Key<PoolConfig>{"", "containers", "1", "a number from 1 to 65536", "Number of containers; fixed for ever.",
                    set_pool_containers},
    Key<PoolConfig>{
        "", "mode", "0600", "an octal mode from 0 to 0777",
        "Permission bits: 4 lets call methods that read, 2 those that write; for owner (the daemon's user), "
        "group and others.",
        set_pool_mode},
    Key<PoolConfig>{"", "config", "{}", "a mapping",
                    "Configuration of the module; `chimaera module describe` shows its keys.", set_pool_config},
};

}  // namespace

std::span<const Key<Config>> config_keys() { return kConfigKeys; }
std::span<const Key<PoolConfig>> pool_keys() { return kPoolKeys; }

}  // namespace chi::runtime
