// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera module new|build`: what an author does before there is anything to load.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/module_build.h"
#include "cli/module_new.h"
#include "cli/table.h"
#include "cli/target.h"
#include "runtime/installation.h"

namespace chi::cli {

namespace fs = std::filesystem;

namespace {

struct NewArguments {
  std::string name;
  std::string parent = ".";
  bool json = false;
};

struct BuildArguments {
  std::string folder = ".";
  bool test = false;
  bool json = false;
};

// As it is typed into a shell.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+,:@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::vector<std::string> next_commands(const std::string& folder, const std::string& name) {
  return {"chimaera module build " + shell_word(folder),
          fmt::format("chimaera module load {} --pool {}", shell_word(folder + "/build/modules/" + name), name),
          fmt::format("chimaera call {} add name=apple amount=3", name)};
}

int run_new(const NewArguments& given) {
  const Result<std::string> made = make_module(runtime::own_template(), given.parent, given.name);
  if (!made.ok()) return report(made.error());
  const std::vector<std::string> commands = next_commands(*made, given.name);
  if (given.json) {
    Json out;
    out["folder"] = *made;
    out["commands"] = commands;
    print_json(out);
    return kDone;
  }
  std::printf("made %s: a module with a write, a read, and a coroutine method, and its tests\n\n",
              printable(*made).c_str());
  std::puts("To build it, load it into a running daemon, and call it:");
  for (const std::string& command : commands) std::printf("  %s\n", printable(command).c_str());
  return kDone;
}

int run_build(const BuildArguments& given) {
  std::error_code ignored;
  BuildPlan plan;
  plan.folder = fs::absolute(given.folder, ignored).lexically_normal().string();
  if (plan.folder.size() > 1 && plan.folder.ends_with('/')) plan.folder.pop_back();
  plan.cmake_package = runtime::own_cmake_package();
  plan.test = given.test;
  const BuildResult result = build_module(plan);
  std::fputs(result.output.c_str(), stderr);
  if (!result.status.ok()) return report(result.status.error());
  if (given.json) {
    Json out;
    out["name"] = result.built.name;
    out["version"] = result.built.version;
    out["folder"] = result.built.folder;
    print_json(out);
  } else {
    std::printf("built %s %s: %s%s\n", result.built.name.c_str(), result.built.version.c_str(),
                printable(result.built.folder).c_str(), given.test ? ", and its tests passed" : "");
  }
  return kDone;
}

}  // namespace

void add_authoring(CLI::App& group, Action& run) {
  CLI::App* make = group.add_subcommand("new", "Make the folder of a new module");
  auto wanted = std::make_shared<NewArguments>();
  make->add_option("NAME", wanted->name, "its name: a letter, then letters, digits and '_'")->required();
  make->add_option("--dir", wanted->parent, "the folder to make it in")->type_name("FOLDER")->capture_default_str();
  make->add_flag("--json", wanted->json, "print JSON");
  make->callback([&run, wanted] { run = [wanted] { return run_new(*wanted); }; });

  CLI::App* build = group.add_subcommand("build", "Build a module's folder, into its folder build/modules");
  auto given = std::make_shared<BuildArguments>();
  build->add_option("FOLDER", given->folder, "where its manifest.yaml is")->capture_default_str();
  build->add_flag("--test", given->test, "build its tests, too, and run them");
  build->add_flag("--json", given->json, "print JSON");
  build->callback([&run, given] { run = [given] { return run_build(*given); }; });
}

}  // namespace chi::cli
