// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a shell is told at each place of a line, with names that a daemon would give.
#include "cli/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace chi::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class CandidatesTest : public testing::Test {
 protected:
  void SetUp() override {
    add_status(program_, run_);
    add_pool(program_, run_);
    add_call(program_, run_);
    add_module(program_, run_);
    add_bdev(program_, run_);
    add_completion(program_, run_);
  }

  std::vector<std::string> at(const std::vector<std::string>& words) const { return complete(program_, names_, words); }

  CLI::App program_;
  Action run_;
  NameSource names_{
      [] { return std::vector<std::string>{"default", "test"}; },
      [](const std::string& daemon) { return std::vector<std::string>{daemon + "_pool", "kv"}; },
      [](const std::string&) { return std::vector<std::string>{"kv", "small_message"}; },
      [](const std::string&, const std::string& pool) { return std::vector<std::string>{pool + "_get", "put"}; },
      [](const std::string&, const std::string&, const std::string&) {
        return std::vector<std::string>{"key=", "value="};
      }};
};

TEST_F(CandidatesTest, Commands) {
  EXPECT_THAT(at({""}), ElementsAre("bdev", "call", "completion", "module", "pool", "status"));
  EXPECT_THAT(at({}), Contains("status"));
  EXPECT_THAT(at({"p"}), ElementsAre("pool"));
  EXPECT_THAT(at({"pool", "d"}), ElementsAre("describe", "destroy"));
  EXPECT_THAT(at({"__"}), IsEmpty());
}

TEST_F(CandidatesTest, Options) {
  EXPECT_THAT(at({"status", "--"}),
              ElementsAre("--help", "--interval", "--json", "--methods", "--name", "--socket", "--user"));
  EXPECT_THAT(at({"pool", "create", "--con"}), ElementsAre("--config", "--containers"));
}

TEST_F(CandidatesTest, ValuesOfOptions) {
  EXPECT_THAT(at({"status", "--name", ""}), ElementsAre("default", "test"));
  EXPECT_THAT(at({"pool", "create", "x", "--module", "s"}), ElementsAre("small_message"));
  EXPECT_THAT(at({"call", "kv", "get", "--query", "a"}), ElementsAre("all", "any"));
  EXPECT_THAT(at({"call", "--deadline", ""}), IsEmpty());
}

TEST_F(CandidatesTest, NamesThatADaemonKnows) {
  EXPECT_THAT(at({"call", ""}), ElementsAre("default_pool", "kv"));
  EXPECT_THAT(at({"call", "--name", "test", ""}), ElementsAre("kv", "test_pool"));
  EXPECT_THAT(at({"call", "kv", ""}), ElementsAre("kv_get", "put"));
  EXPECT_THAT(at({"call", "kv", "put", ""}), ElementsAre("key=", "value="));
  EXPECT_THAT(at({"call", "kv", "put", "key=a", "v"}), ElementsAre("value="));
  EXPECT_THAT(at({"pool", "describe", "k"}), ElementsAre("kv"));
  EXPECT_THAT(at({"bdev", "check", "k"}), ElementsAre("kv"));
  EXPECT_THAT(at({"bdev", "export", "k"}), ElementsAre("kv"));
  EXPECT_THAT(at({"module", "load", ""}), ElementsAre("kv", "small_message"));
  EXPECT_THAT(at({"completion", ""}), ElementsAre("bash", "fish", "zsh"));
}

TEST_F(CandidatesTest, AnOptionsValueIsNoArgument) {
  EXPECT_THAT(at({"call", "--query", "all", ""}), Contains("kv"));
  EXPECT_THAT(at({"call", "--json", "kv", ""}), Contains("put"));
  EXPECT_THAT(at({"call", "--unknown", ""}), Not(IsEmpty()));
}

}  // namespace
}  // namespace chi::cli
