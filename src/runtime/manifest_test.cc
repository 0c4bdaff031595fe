// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Manifests, right and wrong.
#include "runtime/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chi::runtime {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  auto manifest = parse_manifest(text, "manifest.yaml");
  EXPECT_EQ(manifest.code(), Code::invalid_argument) << text;
  return manifest ? "(accepted)" : manifest.error().text;
}

TEST(ManifestTest, ReadsAllKeys) {
  auto manifest = parse_manifest("name: kv\nversion: 1.20.3\ndescription: a store\nlibrary: other.so\n", "m");
  ASSERT_TRUE(manifest) << manifest.error().to_string();
  EXPECT_EQ(manifest->name, "kv");
  EXPECT_EQ(manifest->version, "1.20.3");
  EXPECT_EQ(manifest->description, "a store");
  EXPECT_EQ(manifest->library, "other.so");
  EXPECT_TRUE(parse_manifest("{name: TASK_NAME, version: 0.0.0}", "m"));
}

TEST(ManifestTest, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(refusal(""), HasSubstr("'name' is missing"));
  EXPECT_THAT(refusal("name: kv\n"), HasSubstr("'version' is missing"));
  EXPECT_THAT(refusal("- name\n"), HasSubstr("a list"));
  EXPECT_THAT(refusal("name: kv\nversions: 1.0.0\n"),
              StartsWith("manifest.yaml:2: unknown key 'versions'; known keys: name, version, description, library"));
  EXPECT_THAT(refusal("name: kv\nversions: 1.0.0\n"), HasSubstr("did you mean 'version'?"));
  EXPECT_THAT(refusal("name: kv\nname: kv\nversion: 1.0.0\n"), StartsWith("manifest.yaml:2:"));
  EXPECT_THAT(refusal("name: [kv]\nversion: 1.0.0\n"), HasSubstr("'name' is a list"));
}

TEST(ManifestTest, RefusesNamesVersionsAndLibrariesThatAreNone) {
  for (const char* name : {"../kv", "k v", "9", "''", "kv/x"}) {
    EXPECT_THAT(refusal("version: 1.0.0\nname: " + std::string(name)), HasSubstr("'name' is")) << name;
  }
  for (const char* version :
       {"1", "1.0", "1.0.0.0", "1.0.x", "01.0.0", "1..0", "1.0.99999999999", "v1.0.0", "-1.0.0"}) {
    EXPECT_THAT(refusal("name: kv\nversion: " + std::string(version)), HasSubstr("'version' is")) << version;
    EXPECT_FALSE(is_version(version)) << version;
  }
  for (const char* library : {"/etc/passwd", "../x.so", "..", ".", "''", "\"a\\0b\""}) {
    EXPECT_THAT(refusal("name: kv\nversion: 1.0.0\nlibrary: " + std::string(library)), HasSubstr("'library' is"))
        << library;
  }
}

TEST(ManifestTest, VersionsAreComparedAsNumbers) {
  EXPECT_TRUE(is_older("1.9.0", "1.10.0"));
  EXPECT_TRUE(is_older("1.2.3", "2.0.0"));
  EXPECT_TRUE(is_older("1.2.3", "1.2.4"));
  EXPECT_FALSE(is_older("1.2.3", "1.2.3"));
  EXPECT_FALSE(is_older("10.0.0", "9.9.9"));
}

TEST(ManifestTest, IsBounded) {
  EXPECT_THAT(refusal(std::string(100'000, ' ')), HasSubstr("64 KiB"));
  EXPECT_EQ(load_manifest("/proc/no/such/manifest.yaml").code(), Code::not_found);
}

}  // namespace
}  // namespace chi::runtime
