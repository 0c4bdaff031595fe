// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reads a configuration; see config.h.
#include "runtime/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <type_traits>

#include "base/file.h"
#include "base/text.h"
#include "base/trust.h"
#include "base/usable_cpus.h"
#include "runtime/config_keys.h"
#include "runtime/yaml.h"
#include "shm/layout.h"

namespace chi::runtime {

namespace {

constexpr std::size_t kMaxFileSize = std::size_t{1024} * 1024;
constexpr std::size_t kMaxPools = 1024;
constexpr std::uint32_t kMostAutomaticWorkers = 8;

std::string cut(const std::string& text) { return text.substr(0, kMaxNameLength); }

// Reads mappings into T by a table of keys. `label` is what errors call the mapping: "session", "pools[2]".
template <class T>
Status read_members(T& into, const YamlNode& node, std::span<const Key<T>> keys, const std::string& label,
                    std::string_view file) {
  if (node.kind != YamlNode::Kind::mapping) {
    return yaml_error(file, node.line, fmt::format("'{}' is {}; it must be a mapping of keys", label, node.shown()));
  }
  for (const auto& member : node.members) {
    auto key = std::find_if(keys.begin(), keys.end(), [&](const Key<T>& k) { return k.name == member.key; });
    if (key == keys.end()) {
      std::vector<std::string> known;
      for (const Key<T>& k : keys) known.emplace_back(k.name);
      return yaml_error(file, member.line,
                        fmt::format("unknown key '{}' in '{}'; known keys: {}{}", cut(member.key), label,
                                    list_of(known), did_you_mean(member.key, known)));
    }
    if (!key->set(into, member.value)) {
      return yaml_error(
          file, member.value.line,
          fmt::format("'{}.{}' is {}; it must be {}", label, key->name, member.value.shown(), key->values));
    }
  }
  for (const Key<T>& key : keys) {
    if (key.fallback.empty() && node.find(key.name) == nullptr) {
      return yaml_error(file, node.line, fmt::format("'{}' lacks the key '{}': {}", label, key.name, key.values));
    }
  }
  return {};
}

Status read_pools(Config& config, const YamlNode& node, std::string_view file) {
  if (node.kind == YamlNode::Kind::null) return {};
  if (node.kind != YamlNode::Kind::list || node.items.size() > kMaxPools) {
    return yaml_error(file, node.line, fmt::format("'pools' must be a list of at most {} mappings", kMaxPools));
  }
  std::set<std::string> names;
  for (const YamlNode& item : node.items) {
    PoolConfig pool;
    std::string label = fmt::format("pools[{}]", config.pools.size());
    if (Status status = read_members(pool, item, pool_keys(), label, file); !status) return status;
    if (!names.insert(pool.name).second) {
      return yaml_error(file, item.line, fmt::format("a pool named '{}' is here a second time", pool.name));
    }
    config.pools.push_back(std::move(pool));
  }
  return {};
}

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const auto& key : config_keys()) {
    if (names.empty() || names.back() != key.section) names.emplace_back(key.section);
  }
  names.emplace_back("pools");
  return names;
}

Status read_section(Config& config, const YamlNode::Member& section, std::string_view file) {
  if (section.key == "pools") return read_pools(config, section.value, file);
  auto keys = config_keys();
  auto in_section = [&](const Key<Config>& key) { return key.section == section.key; };
  auto first = std::find_if(keys.begin(), keys.end(), in_section);
  auto last = std::find_if_not(first, keys.end(), in_section);
  if (first == last) {
    std::vector<std::string> known = section_names();
    return yaml_error(file, section.line,
                      fmt::format("unknown section '{}'; known sections: {}{}", cut(section.key), list_of(known),
                                  did_you_mean(section.key, known)));
  }
  if (section.value.kind == YamlNode::Kind::null) return {};  // all its lines are comments
  return read_members(config, section.value, std::span(first, last), section.key, file);
}

void start_at(const std::filesystem::path& folder, std::string& path) {
  if (!path.empty()) path = (folder / path).lexically_normal().string();
}

}  // namespace

std::uint32_t worker_count(const Config& config) {
  if (config.runtime.workers != 0) return config.runtime.workers;
  const std::uint32_t most = config.runtime.max_workers == 0 ? kMostAutomaticWorkers : config.runtime.max_workers;
  return std::clamp<std::uint32_t>(usable_cpus() - 1, 1, std::min(most, kMostAutomaticWorkers));
}

Result<std::uint32_t> worker_limit(const Config& config) {
  const std::uint32_t count = worker_count(config);
  const std::uint32_t most = config.runtime.max_workers;
  if (most == 0) return std::clamp<std::uint32_t>(2 * usable_cpus(), count, shm::kMaxWorkers);
  if (count <= most) return most;
  return Error{
      Code::invalid_argument,
      fmt::format("runtime.workers is {}, and runtime.max_workers {}; lower the one or raise the other", count, most),
      "config"};
}

Result<Config> parse_config(std::string_view text, std::string_view name) {
  if (text.size() > kMaxFileSize) return yaml_error(name, 1, "a configuration has at most 1 MiB");
  auto root = parse_yaml(text, name);
  if (!root) return std::move(root).error();
  if (root->kind != YamlNode::Kind::mapping && root->kind != YamlNode::Kind::null) {
    return yaml_error(name, root->line,
                      fmt::format("a configuration is a mapping of sections, not {}; known sections: {}", root->shown(),
                                  list_of(section_names())));
  }
  Config config;
  for (const auto& section : root->members) {
    if (Status status = read_section(config, section, name); !status) return status.error();
  }
  return config;
}

Result<Config> load_config(const std::string& path) {
  auto text = read_trusted_file(path, kMaxFileSize);
  if (!text) return std::move(text).error();
  auto config = parse_config(*text, path);
  if (!config) return config;
  std::error_code error;
  auto folder = std::filesystem::absolute(path, error).parent_path();
  if (error) return Error{errno_code(error.value()), fmt::format("cannot tell the folder of '{}'", path), {}};
  for (std::string& repo : config->modules.paths) start_at(folder, repo);
  start_at(folder, config->socket.path);
  start_at(folder, config->log.file);
  if (config->metrics.listen.find('/') != std::string::npos) start_at(folder, config->metrics.listen);
  return config;
}

}  // namespace chi::runtime
