// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// YAML as configuration and manifests use it: mappings with text keys, lists, scalars, each with its line. What makes
// YAML dangerous or ambiguous is refused: anchors and aliases (which grow without bound), tags, several documents,
// duplicate keys, deep nesting. Plain values; the parser is usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace chi::runtime {

inline constexpr std::size_t kMaxYamlDepth = 32;

struct YamlNode {
  enum class Kind { null, scalar, list, mapping };
  struct Member;

  Kind kind = Kind::null;
  int line = 1;
  std::string text;     // of a scalar
  bool quoted = false;  // a scalar in quotes is text, whatever it looks like
  std::vector<YamlNode> items;
  std::vector<Member> members;  // in the order of the file

  // How an error text calls it: "'abc'", "a list", "a mapping", "nothing".
  std::string shown() const;

  // The member of a mapping with this key, or null.
  const YamlNode* find(std::string_view key) const;
};

struct YamlNode::Member {
  std::string key;
  int line = 1;
  YamlNode value;
};

// invalid_argument with the text "NAME:LINE: WHAT".
Error yaml_error(std::string_view name, int line, std::string_view what);

// The one document in `text`; null when there is none. `name` is what errors call the file. Never throws.
Result<YamlNode> parse_yaml(std::string_view text, std::string_view name);

// As JSON text. A scalar without quotes is what YAML's core schema takes it for: null, boolean, number, else text.
std::string to_json(const YamlNode& node);

}  // namespace chi::runtime
