// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is refused before a compiler runs, and what is kept of its words; real builds are in test/author.
#include "cli/module_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/run_tool.h"

namespace chi::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(OwnLines, KeepsTheCompilersAndNothingElse) {
  EXPECT_EQ(own_lines("[1/2] Building CXX object a.o\n"
                      "FAILED: a.o \n"
                      "/usr/bin/c++ -o a.o -c a.cc\n"
                      "a.cc:1:5: error: expected ';'\n"
                      "    1 | int a\n"
                      "      |     ^\n"
                      "ninja: build stopped: subcommand failed.\n"),
            "a.cc:1:5: error: expected ';'\n    1 | int a\n      |     ^\n");
  EXPECT_EQ(own_lines("[ 50%] Building CXX object a.o\na.cc:1:5: error: x\n"
                      "gmake[2]: *** [a.o] Error 1\nmake: *** [all] Error 2\n"),
            "a.cc:1:5: error: x\n");
  EXPECT_EQ(own_lines("-- The CXX compiler identification is GNU\n"
                      "CMake Error at CMakeLists.txt:3 (message):\n  no\n"
                      "Call Stack (most recent call first):\n  x.cmake:1 (f)\n\n\n"
                      "-- Configuring incomplete, errors occurred!\n"),
            "CMake Error at CMakeLists.txt:3 (message):\n  no\n");
}

TEST(RunTool, GivesOutputAndExitCode) {
  const auto run = run_tool({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_EQ(run->exit_code, 3);
  EXPECT_EQ(run->output, "out\nerr\n");
  EXPECT_EQ(run_tool({"printf", "%s", "a b; $(c)'\""})->output, "a b; $(c)'\"") << "no shell sees it";
  EXPECT_EQ(run_tool({"sh", "-c", "kill -TERM $$"})->exit_code, 128 + 15);
  EXPECT_EQ(run_tool({"cat"})->output, "");
  EXPECT_EQ(run_tool({"no-such-program-anywhere"}).code(), Code::not_found);
}

TEST(RunTool, DoesNotWaitForWhatAToolLeavesBehind) {
  const auto run = run_tool({"sh", "-c", "sleep 600 & echo $!"});
  ASSERT_TRUE(run);
  EXPECT_EQ(::kill(std::stoi(run->output), SIGTERM), 0) << "it was still there";
}

class BuildModule : public testing::Test {
 protected:
  BuildModule() {
    std::string pattern = testing::TempDir() + "chi-build-XXXXXX";
    root_ = mkdtemp(pattern.data());
    path_ = std::getenv("PATH");
  }
  ~BuildModule() override {
    ::setenv("PATH", path_.c_str(), 1);
    ::unsetenv("CXX");
    fs::remove_all(root_);
  }

  void write(const fs::path& file, const std::string& text) const { std::ofstream(root_ / file) << text; }
  void tool(const std::string& name) const {
    write(name, "#!/bin/sh\nexit 1\n");
    fs::permissions(root_ / name, fs::perms::owner_all);
  }
  std::string problem(const std::string& package = "/package") const {
    const BuildResult result = build_module({root_.string(), package, false});
    return result.status ? "it builds" : result.status.error().text;
  }

  fs::path root_;
  std::string path_;
};

TEST_F(BuildModule, SaysWhatIsMissing) {
  EXPECT_THAT(problem(), HasSubstr("no manifest.yaml"));
  write("manifest.yaml", "name: 2x\nversion: 1.0.0\n");
  EXPECT_THAT(problem(), HasSubstr("no CMakeLists.txt"));
  write("CMakeLists.txt", "");
  EXPECT_THAT(problem(""), HasSubstr("make install"));
  EXPECT_THAT(problem(), HasSubstr("manifest.yaml:1:"));
  write("manifest.yaml", "name: x\nversion: 1.0.0\n");
  ::setenv("PATH", root_.c_str(), 1);
  EXPECT_THAT(problem(), HasSubstr("no cmake in PATH; install it (Debian: apt-get install cmake)"));
  tool("cmake");
  EXPECT_THAT(problem(), HasSubstr("neither ninja nor make"));
  tool("ninja");
  EXPECT_THAT(problem(), HasSubstr("no C++ compiler"));
  ::setenv("CXX", "g++-99 -m64", 1);
  EXPECT_THAT(problem(), HasSubstr("'g++-99', which is not there"));
  ::unsetenv("CXX");
  tool("c++");
  EXPECT_THAT(problem(), HasSubstr("could not be configured")) << "by this cmake, which fails";
  EXPECT_FALSE(fs::exists(root_ / "build"));
}

}  // namespace
}  // namespace chi::cli
