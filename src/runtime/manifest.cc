// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements manifest.h.
#include "runtime/manifest.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "runtime/yaml.h"

namespace chi::runtime {

namespace {

constexpr std::size_t kMaxFileSize = std::size_t{64} * 1024;
constexpr std::size_t kMaxText = 1000;

bool is_description(std::string_view text) noexcept { return text.size() <= kMaxText; }

// A name in the module's own folder: nothing that leads out of it.
bool is_file_name(std::string_view text) noexcept {
  return !text.empty() && text.size() < 256 && text != "." && text != ".." &&
         text.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

struct Key {
  std::string_view name;
  bool required;
  std::string Manifest::* field;
  bool (*good)(std::string_view) noexcept;
  std::string_view what;
};

constexpr std::array<Key, 4> kKeys{{
    {"name", true, &Manifest::name, is_identifier, "a letter, then letters, digits and '_', 64 at most"},
    {"version", true, &Manifest::version, is_version, "three numbers such as 1.2.0"},
    {"description", false, &Manifest::description, is_description, "text of at most 1000 bytes"},
    {"library", false, &Manifest::library, is_file_name, "the name of a file in the module's folder"},
}};

const Key* find_key(std::string_view name) {
  for (const Key& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string unknown_key(const std::string& name) {
  std::vector<std::string> known;
  known.reserve(kKeys.size());
  for (const Key& key : kKeys) known.emplace_back(key.name);
  return fmt::format("unknown key '{}'; known keys: {}{}", name.substr(0, kMaxNameLength), list_of(known),
                     did_you_mean(name, known));
}

bool is_version_part(std::string_view text) noexcept {
  if (text.empty() || text.size() > 10 || (text[0] == '0' && text.size() > 1)) return false;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value < std::uint64_t{1} << 31;
}

}  // namespace

bool is_version(std::string_view text) noexcept {
  std::size_t first = text.find('.');
  if (first == std::string_view::npos) return false;
  std::size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return false;
  return is_version_part(text.substr(0, first)) && is_version_part(text.substr(first + 1, second - first - 1)) &&
         is_version_part(text.substr(second + 1));
}

bool is_older(std::string_view version, std::string_view other) {
  const auto parts_of = [](std::string_view text) {
    std::array<std::uint64_t, 3> parts{};
    for (std::uint64_t& part : parts) {
      const std::size_t end = std::min(text.find('.'), text.size());
      part = parse_number(text.substr(0, end)).value_or(0);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
  };
  return parts_of(version) < parts_of(other);
}

Result<Manifest> parse_manifest(std::string_view text, std::string_view file) {
  if (text.size() > kMaxFileSize) return yaml_error(file, 1, "a manifest has at most 64 KiB");
  auto root = parse_yaml(text, file);
  if (!root) return std::move(root).error();
  if (root->kind != YamlNode::Kind::mapping && root->kind != YamlNode::Kind::null) {
    return yaml_error(file, root->line,
                      fmt::format("a manifest is a mapping such as 'name: kv', not {}", root->shown()));
  }
  Manifest manifest;
  for (const auto& member : root->members) {
    const Key* key = find_key(member.key);
    if (key == nullptr) return yaml_error(file, member.line, unknown_key(member.key));
    if (member.value.kind != YamlNode::Kind::scalar || !key->good(member.value.text)) {
      return yaml_error(file, member.value.line,
                        fmt::format("'{}' is {}; it must be {}", key->name, member.value.shown(), key->what));
    }
    manifest.*key->field = member.value.text;
  }
  for (const Key& key : kKeys) {
    if (key.required && root->find(key.name) == nullptr) {
      return yaml_error(file, root->line, fmt::format("the key '{}' is missing: {}", key.name, key.what));
    }
  }
  return manifest;
}

Result<Manifest> load_trusted_manifest(const std::string& path, const Trusted& authors) {
  auto file = open_trusted(path, O_RDONLY, authors);
  if (!file.ok()) return std::move(file).error();
  auto text = read_file(*std::move(file), path, kMaxFileSize);
  if (!text) return std::move(text).error();
  return parse_manifest(*text, path);
}

Result<Manifest> load_manifest(const std::string& path) {
  auto text = read_file(path, kMaxFileSize);
  if (!text) return std::move(text).error();
  return parse_manifest(*text, path);
}

}  // namespace chi::runtime
