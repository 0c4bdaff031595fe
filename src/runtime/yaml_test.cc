// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The YAML that is accepted, and that which is not.
#include "runtime/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace chi::runtime {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  auto node = parse_yaml(text, "f.yaml");
  EXPECT_EQ(node.code(), Code::invalid_argument) << text;
  return node ? "(accepted)" : node.error().text;
}

TEST(Yaml, ReadsMappingsListsAndScalarsWithTheirLines) {
  auto node = parse_yaml("a: 1\nb:\n  - x\n  - 'y'\nc:\n", "f.yaml");
  ASSERT_TRUE(node);
  ASSERT_EQ(node->members.size(), 3U);
  EXPECT_EQ(node->find("a")->text, "1");
  EXPECT_EQ(node->find("b")->items[1].text, "y");
  EXPECT_TRUE(node->find("b")->items[1].quoted);
  EXPECT_FALSE(node->find("b")->items[0].quoted);
  EXPECT_EQ(node->find("b")->items[1].line, 4);
  EXPECT_EQ(node->find("c")->kind, YamlNode::Kind::null);
  EXPECT_EQ(node->members[2].line, 5);
  EXPECT_EQ(node->find("d"), nullptr);
}

TEST(Yaml, NothingIsNull) {
  for (const char* text : {"", "# only a comment\n", "---\n", "~"}) {
    auto node = parse_yaml(text, "f");
    ASSERT_TRUE(node) << text;
    EXPECT_EQ(node->kind, YamlNode::Kind::null) << text;
  }
}

TEST(Yaml, RefusesWhatIsDangerousOrAmbiguous) {
  EXPECT_THAT(refusal("a: &x 1\nb: *x\n"), StartsWith("f.yaml:1: anchors"));
  EXPECT_THAT(refusal("a: 1\nb: *x\n"), StartsWith("f.yaml:2: "));
  EXPECT_THAT(refusal("a: !!python/object 1\n"), HasSubstr("tag"));
  EXPECT_THAT(refusal("a: 1\nb: 2\na: 3\n"), StartsWith("f.yaml:3: the key 'a'"));
  EXPECT_THAT(refusal("a: 1\n---\nb: 2\n"), HasSubstr("second document"));
  EXPECT_THAT(refusal("? [a]\n: 1\n"), HasSubstr("a key must be text"));
  EXPECT_THAT(refusal("a: [1, 2\n"), HasSubstr("not YAML"));
  EXPECT_THAT(refusal("a: b: c\n"), StartsWith("f.yaml:1: this is not YAML"));
}

TEST(Yaml, RefusesDeepNesting) {
  EXPECT_THAT(refusal(std::string(100'000, '[')), HasSubstr("nested more than 32"));
  EXPECT_THAT(refusal(std::string(100'000, '{')), HasSubstr(":1: "));
  std::string steps;
  for (int i = 0; i < 200; ++i) steps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(refusal(steps), HasSubstr("nested more than 32"));
  EXPECT_TRUE(parse_yaml(std::string(kMaxYamlDepth, '[') + std::string(kMaxYamlDepth, ']'), "f"));
}

TEST(Yaml, RandomDamageDoesNoHarm) {
  const std::string good =
      "runtime: {workers: auto, spin: 50us}\nlist:\n  - a: 'x'\n    b: \"y\\n\"\n  - |\n    text\n";
  constexpr std::string_view kSpecial = "[]{}:,-?&*!|>'\"%@`# \n\t\0\xff";
  SeededRandom random(11);
  for (int round = 0; round < 5000; ++round) {
    std::string text = good;
    for (int i = 0; i < 4; ++i) {
      std::size_t at = random.next() % text.size();
      text.replace(at, random.next() % 3, 1 + random.next() % 2, kSpecial[random.next() % kSpecial.size()]);
    }
    auto node = parse_yaml(text, "f");
    if (node) {
      EXPECT_FALSE(to_json(*node).empty());
    }
  }
}

TEST(Yaml, BecomesJsonByTheCoreSchema) {
  auto node = parse_yaml(
      "text: hello\nquoted: '12'\nnumber: -12\nbig: 18446744073709551615\nhuge: 18446744073709551616\nhex: 0xff\n"
      "real: 1.5e3\nyes: true\nno: null\nword: infinity\nlist: [1, a]\nnested: {x: {}}\nbad: \"\\xff\"\n",
      "f");
  ASSERT_TRUE(node);
  EXPECT_EQ(to_json(*node),
            R"({"bad":"ÿ","big":18446744073709551615,"hex":255,"huge":1.8446744073709552e+19,"list":[1,"a"],)"
            R"("nested":{"x":{}},"no":null,"number":-12,"quoted":"12","real":1500.0,"text":"hello",)"
            R"("word":"infinity","yes":true})");
}

}  // namespace
}  // namespace chi::runtime
