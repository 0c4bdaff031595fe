// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Configurations, right and wrong, and the documentation that is made from the same table.
#include "runtime/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "runtime/config_keys.h"

namespace chi::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

Config parsed(std::string_view text) {
  auto config = parse_config(text, "c.yaml");
  EXPECT_TRUE(config) << text << ": " << config.error().to_string();
  return config ? *config : Config{};
}

std::string refusal(std::string_view text) {
  auto config = parse_config(text, "c.yaml");
  EXPECT_EQ(config.code(), Code::invalid_argument) << text;
  return config ? "(accepted)" : config.error().text;
}

TEST(ConfigTest, NothingGivesTheDefaults) {
  for (const char* text : {"", "# nothing\n", "runtime:\nlog:\n", "pools:\n", "{}"}) {
    EXPECT_EQ(parsed(text), Config{}) << text;
  }
}

TEST(ConfigTest, WhatIsPrintedAsDefaultIsTheDefault) {
  EXPECT_EQ(parsed(default_config_text()), Config{});
  for (const auto& key : config_keys()) {
    EXPECT_THAT(default_config_text(), HasSubstr("  " + std::string(key.name) + ": " + std::string(key.fallback)));
  }
}

TEST(ConfigTest, ReadsEveryKey) {
  Config config = parsed(R"(
runtime: {workers: 3, spin: 0, poll: always, stuck_after: 1s, default_deadline: 2m}
modules: {paths: [/a, b]}
session: {memory_limit: 64MiB, max_sessions: 5, max_streams: 6, allow_uids: [1000, 0]}
socket: {path: /run/x.sock, mode: 0660, group: storage}
log: {level: debug, file: /var/log/chimaera.log}
call: {max_message: 4KiB}
metrics: {listen: "0.0.0.0:9464", public: true}
pools:
  - {name: inventory, module: kv, containers: 8, mode: 0644, config: {capacity: 10, label: "10"}}
  - {name: other, module: kv}
)");
  EXPECT_EQ(config.runtime.workers, 3U);
  EXPECT_EQ(config.runtime.spin, 0ns);
  EXPECT_EQ(config.runtime.poll, Config::Poll::always);
  EXPECT_EQ(config.runtime.stuck_after, 1s);
  EXPECT_EQ(config.runtime.default_deadline, 2min);
  EXPECT_THAT(config.modules.paths, ElementsAre("/a", "b"));
  EXPECT_EQ(config.session.memory_limit, 64U << 20);
  EXPECT_EQ(config.session.max_sessions, 5U);
  EXPECT_EQ(config.session.max_streams, 6U);
  EXPECT_THAT(config.session.allow_uids, ElementsAre(1000U, 0U));
  EXPECT_EQ(config.socket.path, "/run/x.sock");
  EXPECT_EQ(config.socket.mode, 0660U);
  EXPECT_EQ(config.socket.group, "storage");
  EXPECT_EQ(config.log.level, LogLevel::debug);
  EXPECT_EQ(config.log.file, "/var/log/chimaera.log");
  EXPECT_EQ(config.call.max_message, 4096U);
  EXPECT_EQ(config.metrics.listen, "0.0.0.0:9464");
  EXPECT_TRUE(config.metrics.is_public);
  ASSERT_EQ(config.pools.size(), 2U);
  EXPECT_EQ(config.pools[0], (PoolConfig{"inventory", "kv", 8, 0644, R"({"capacity":10,"label":"10"})"}));
  EXPECT_EQ(config.pools[1], (PoolConfig{"other", "kv", 1, 0600, "{}"}));
}

TEST(ConfigTest, AnUnknownKeyIsNamedWithWhatIsKnown) {
  EXPECT_EQ(refusal("session:\n  memory_limits: 1GiB\n"),
            "c.yaml:2: unknown key 'memory_limits' in 'session'; known keys: memory_limit, max_sessions, max_streams, "
            "allow_uids; did you mean 'memory_limit'?");
  EXPECT_THAT(refusal("log: {level: info}\nsesion: {}\n"),
              AllOf(StartsWith("c.yaml:2: unknown section 'sesion'"), HasSubstr("did you mean 'session'?")));
  EXPECT_THAT(refusal("pools:\n  - name: a\n    module: kv\n    container: 3\n"),
              AllOf(StartsWith("c.yaml:4: unknown key 'container' in 'pools[0]'"), HasSubstr("'containers'")));
}

TEST(ConfigTest, AWrongTypeOrRangeSaysWhatIsRight) {
  EXPECT_EQ(refusal("runtime:\n  workers: 65\n"),
            "c.yaml:2: 'runtime.workers' is '65'; it must be auto, or a number from 1 to 64");
  EXPECT_THAT(refusal("runtime:\n  spin: [50us]\n"), HasSubstr("'runtime.spin' is a list; it must be a duration"));
  EXPECT_THAT(refusal("runtime: 5\n"), HasSubstr("'runtime' is '5'; it must be a mapping"));
  EXPECT_THAT(refusal("- runtime\n"), HasSubstr("a mapping of sections, not a list"));
  EXPECT_THAT(refusal("pools: {}\n"), HasSubstr("'pools' must be a list"));
  EXPECT_THAT(refusal("log:\n  level: info\n  level: debug\n"), StartsWith("c.yaml:3: the key 'level'"));
}

TEST(ConfigTest, RangesEndWhereTheTextSays) {
  for (const char* good :
       {"runtime: {workers: 1}", "runtime: {workers: 64}", "runtime: {spin: 1s}", "runtime: {stuck_after: 10ms}",
        "runtime: {stuck_after: 1h}", "runtime: {default_deadline: 1ms}", "runtime: {default_deadline: 1000h}",
        "session: {memory_limit: 1MiB}", "session: {memory_limit: 1TiB}", "session: {max_sessions: 65536}",
        "session: {max_streams: 4096}", "session: {allow_uids: [4294967294]}", "socket: {mode: 777}",
        "call: {max_message: 64MiB}", "pools: [{name: a, module: b, containers: 65536, mode: 0}]"}) {
    parsed(good);
  }
  for (const char* bad : {"runtime: {workers: 0}",
                          "runtime: {workers: -1}",
                          "runtime: {workers: 1.5}",
                          "runtime: {workers: many}",
                          "runtime: {workers:}",
                          "runtime: {spin: 50}",
                          "runtime: {spin: 1001ms}",
                          "runtime: {spin: -1us}",
                          "runtime: {stuck_after: 9ms}",
                          "runtime: {stuck_after: 61m}",
                          "runtime: {default_deadline: 0}",
                          "runtime: {poll: sometimes}",
                          "session: {memory_limit: 1023KiB}",
                          "session: {memory_limit: 2TiB}",
                          "session: {max_sessions: 0}",
                          "session: {max_sessions: 65537}",
                          "session: {max_streams: 4097}",
                          "session: {allow_uids: 1000}",
                          "session: {allow_uids: [root]}",
                          "session: {allow_uids: [4294967295]}",
                          "socket: {mode: 0400}",
                          "socket: {mode: 1777}",
                          "socket: {mode: 0890}",
                          "socket: {mode: u+rw}",
                          "socket: {path: ''}",
                          "socket: {path: [a]}",
                          "socket: {path: \"a\\0b\"}",
                          "log: {level: verbose}",
                          "log: {file: ''}",
                          "modules: {paths: /a}",
                          "modules: {paths: [[]]}",
                          "modules: {paths: ['']}",
                          "call: {max_message: 1KiB}",
                          "pools: [{name: a}]",
                          "pools: [{module: b}]",
                          "pools: [a]",
                          "pools: [{name: a/b, module: b}]",
                          "pools: [{name: admin, module: b}]",
                          "pools: [{name: a, module: b-c}]",
                          "pools: [{name: a, module: b, containers: 0}]",
                          "pools: [{name: a, module: b, containers: 65537}]",
                          "pools: [{name: a, module: b, config: []}]",
                          "pools: [{name: a, module: b}, {name: a, module: c}]"}) {
    EXPECT_THAT(refusal(bad), StartsWith("c.yaml:1: "));
  }
  EXPECT_THAT(refusal("socket: {path: " + std::string(108, 'x') + "}"), HasSubstr("at most 107 bytes"));
}

TEST(ConfigTest, BombsAreRefused) {
  EXPECT_THAT(refusal("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"), HasSubstr("anchors"));
  EXPECT_THAT(refusal(std::string(500'000, '[')), HasSubstr("nested"));
  EXPECT_THAT(refusal(std::string(2 << 20, '#')), HasSubstr("at most 1 MiB"));
}

TEST(ConfigTest, AFileIsReadAndItsRelativePathsStartThere) {
  std::string pattern = testing::TempDir() + "chi-config-XXXXXX";
  fs::path folder = mkdtemp(pattern.data());
  std::string file = folder / "c.yaml";
  std::ofstream(file)
      << "modules: {paths: [repo, /abs, ../up]}\nlog: {file: log}\nsocket: {path: s}\nmetrics: {listen: ./m}\n";
  auto config = load_config(file);
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_THAT(config->modules.paths, ElementsAre(folder / "repo", "/abs", folder.parent_path() / "up"));
  EXPECT_EQ(config->log.file, folder / "log");
  EXPECT_EQ(config->socket.path, folder / "s");
  EXPECT_EQ(config->metrics.listen, folder / "m");

  std::ofstream(file) << "x: 1\n";
  EXPECT_THAT(load_config(file).error().text, StartsWith(file + ":1: unknown section 'x'"));
  fs::remove_all(folder);
  EXPECT_EQ(load_config(file).code(), Code::not_found);
  EXPECT_EQ(load_config("/").code(), Code::invalid_argument);
}

TEST(ConfigTest, AutomaticWorkersLeaveACpu) {
  Config config;
  std::uint32_t workers = worker_count(config);
  EXPECT_GE(workers, 1U);
  EXPECT_LE(workers, 8U);
  config.runtime.workers = 64;
  EXPECT_EQ(worker_count(config), 64U);
}

TEST(ConfigTest, WorkersHaveALimit) {
  Config config;
  EXPECT_GE(worker_limit(config).value(), std::max(2U, worker_count(config)));
  EXPECT_LE(worker_limit(config).value(), 64U);
  config.runtime.workers = 64;
  EXPECT_EQ(worker_limit(config).value(), 64U);
  config.runtime.max_workers = 63;
  const auto refused = worker_limit(config);
  EXPECT_EQ(refused.code(), Code::invalid_argument);
  EXPECT_NE(refused.error().text.find("runtime.max_workers"), std::string::npos);
  config.runtime.workers = 0;
  config.runtime.max_workers = 1;
  EXPECT_EQ(worker_count(config), 1U);
  EXPECT_EQ(worker_limit(config).value(), 1U);
  for (const char* text : {"runtime: {max_workers: auto}", "runtime: {max_workers: 64}"}) {
    EXPECT_TRUE(parse_config(text, "c.yaml").ok()) << text;
  }
  for (const char* text : {"runtime: {max_workers: 0}", "runtime: {max_workers: 65}", "runtime: {max_workers: [1]}"}) {
    EXPECT_EQ(parse_config(text, "c.yaml").code(), Code::invalid_argument) << text;
  }
}

TEST(ConfigTest, ThePageOfDocumentationIsUpToDate) {
  std::string page = CHI_SOURCE_DIR "/docs/configuration.md";
  if (std::getenv("CHI_WRITE_DOCS") != nullptr) std::ofstream(page) << config_reference();
  EXPECT_EQ(*read_file(page, 1 << 20), config_reference()) << "run this test with CHI_WRITE_DOCS=1 to write it anew";
}

}  // namespace
}  // namespace chi::runtime
