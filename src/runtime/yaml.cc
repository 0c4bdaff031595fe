// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements yaml.h on the events of yaml-cpp, whose own node type would lose duplicate keys.
#include "runtime/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <set>
#include <sstream>
#include <utility>

namespace chi::runtime {

namespace {

constexpr std::size_t kShownText = 60;

struct Refused {
  int line;
  std::string what;
};

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    add(leaf(mark, YamlNode::Kind::null));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{line_of(mark), "aliases ('*name') are not allowed here; write the value out"};
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    YamlNode node = leaf(mark, YamlNode::Kind::scalar);
    node.text = value;
    node.quoted = tag == "!";
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(leaf(mark, YamlNode::Kind::list));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(leaf(mark, YamlNode::Kind::mapping));
  }
  void OnMapEnd() override { close(); }

  YamlNode take() { return std::move(root_); }

 private:
  struct Level {
    YamlNode node;
    std::set<std::string, std::less<>> keys;  // of a mapping
    bool value_next = false;                  // the last member's value is still to come
  };

  static YamlNode leaf(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode node;
    node.kind = kind;
    node.line = line_of(mark);
    return node;
  }

  static void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw Refused{line_of(mark), "anchors ('&name') are not allowed here"};
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{line_of(mark), fmt::format("the tag '{}' is not allowed here", tag.substr(0, kShownText))};
    }
  }

  void open(YamlNode node) {
    if (levels_.size() >= kMaxYamlDepth) {
      throw Refused{node.line, fmt::format("nested more than {} deep", kMaxYamlDepth)};
    }
    levels_.push_back({std::move(node), {}, false});
  }

  void close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (levels_.empty()) {
      root_ = std::move(node);
    } else if (Level& in = levels_.back(); in.node.kind == YamlNode::Kind::list) {
      in.node.items.push_back(std::move(node));
    } else if (in.value_next) {
      in.node.members.back().value = std::move(node);
      in.value_next = false;
    } else {
      add_key(in, std::move(node));
    }
  }

  static void add_key(Level& in, YamlNode key) {
    if (key.kind != YamlNode::Kind::scalar) {
      throw Refused{key.line, fmt::format("a key must be text, not {}", key.shown())};
    }
    if (!in.keys.insert(key.text).second) {
      throw Refused{key.line, fmt::format("the key {} is here a second time", key.shown())};
    }
    in.node.members.push_back({std::move(key.text), key.line, {}});
    in.value_next = true;
  }

  YamlNode root_;
  std::vector<Level> levels_;
};

}  // namespace

std::string YamlNode::shown() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::mapping:
      return "a mapping";
    case Kind::scalar:
      break;
  }
  return text.size() > kShownText ? fmt::format("'{}...'", std::string_view(text).substr(0, kShownText))
                                  : fmt::format("'{}'", text);
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Error yaml_error(std::string_view name, int line, std::string_view what) {
  return {Code::invalid_argument, fmt::format("{}:{}: {}", name, line, what), {}};
}

Result<YamlNode> parse_yaml(std::string_view text, std::string_view name) {
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder tree;
    if (!parser.HandleNextDocument(tree)) return YamlNode{};
    TreeBuilder more;
    if (parser.HandleNextDocument(more)) {
      return yaml_error(name, more.take().line, "a second document begins here; only one is allowed");
    }
    return tree.take();
  } catch (const Refused& refused) {
    return yaml_error(name, refused.line, refused.what);
  } catch (const YAML::Exception& bad) {
    return yaml_error(name, line_of(bad.mark), fmt::format("this is not YAML: {}", bad.msg));
  } catch (const std::exception& failed) {
    return Error{Code::resource_exhausted, fmt::format("cannot read {}: {}", name, failed.what()), {}};
  }
}

}  // namespace chi::runtime
