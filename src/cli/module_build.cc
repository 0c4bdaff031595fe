// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements module_build.h.
#include "cli/module_build.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "cli/plain_path.h"
#include "cli/run_tool.h"
#include "runtime/manifest.h"

namespace chi::cli {

namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

Error missing(std::string_view what, std::string_view packages) {
  return {Code::failed_precondition, fmt::format("{}; install it (Debian: apt-get install {})", what, packages), {}};
}

// What a configuration that is yet to be made needs: CMake itself would say it in twenty lines.
Status check_tools() {
  if (find_tool("cmake").empty()) return missing("there is no cmake in PATH", "cmake");
  if (find_tool("ninja").empty() && find_tool("make").empty()) {
    return missing("there is neither ninja nor make in PATH", "ninja-build");
  }
  const char* given = std::getenv("CXX");
  const std::string compiler = given == nullptr ? "" : given;
  if (!compiler.empty()) {  // it may have arguments
    const std::string program = compiler.substr(0, compiler.find(' '));
    if (!find_tool(program).empty()) return {};
    return Error{Code::failed_precondition,
                 fmt::format("CXX names the compiler '{}', which is not there; correct or unset it", program),
                 {}};
  }
  for (const char* name : {"c++", "g++", "clang++"}) {
    if (!find_tool(name).empty()) return {};
  }
  return missing("there is no C++ compiler (c++, g++ or clang++) in PATH", "g++");
}

Result<runtime::Manifest> check_folder(const BuildPlan& plan) {
  std::error_code error;
  const fs::path folder = plan.folder;
  for (const char* file : {"manifest.yaml", "CMakeLists.txt"}) {
    if (fs::is_regular_file(folder / file, error)) continue;
    return Error{Code::not_found,
                 fmt::format("'{}' is no module's folder: it has no {}; `chimaera module new NAME` makes one",
                             plan.folder, file),
                 {}};
  }
  if (plan.cmake_package.empty()) {
    return Error{Code::not_found,
                 "this program has no CMake package beside it (lib/cmake/chimaera); install Chimaera as a whole, with "
                 "`make install`",
                 {}};
  }
  return runtime::load_manifest((folder / "manifest.yaml").string());
}

// A link has another name each time, which a cache would not take for the same folder.
Words configure_command(const BuildPlan& plan, const PlainPath& folder, const fs::path& build) {
  Words command{"cmake", "-S", folder.path(), "-B", build.string(), "-Dchimaera_DIR=" + plan.cmake_package, "-Wno-dev"};
  if (folder.is_link()) command.emplace_back("--fresh");
  std::error_code error;
  if (folder.is_link() || !fs::exists(build / "CMakeCache.txt", error)) {
    command.emplace_back("-DCMAKE_BUILD_TYPE=Release");
    if (!find_tool("ninja").empty()) command.insert(command.end(), {"-G", "Ninja"});
  }
  return command;
}

unsigned cores() { return std::max(1U, std::thread::hardware_concurrency()); }

// Runs the command; where it fails, `out` says so.
bool run_step(const Words& command, const std::string& problem, BuildResult& out) {
  auto run = run_tool(command);
  if (!run) {
    out.status = std::move(run).error();
  } else if (run->exit_code != 0) {
    out.output = own_lines(run->output);
    if (out.output.empty()) out.output = run->output;
    out.status = {Code::failed_precondition, problem};
  }
  return out.status.ok();
}

Result<runtime::FoundModule> find_built(const fs::path& build, const std::string& name) {
  const fs::path folder = build / "modules" / name;
  auto found = runtime::ModuleRepo({}).find(folder.string() + "/");
  if (found) return found;
  return Error{
      Code::failed_precondition,
      fmt::format("the build made no '{}': does CMakeLists.txt say chimaera_add_module({})?", folder.string(), name),
      {}};
}

// Between what the author should see: "[1/2] Building", "FAILED: x.o" and the command behind it, "make: *** ...",
// "-- Configuring done", CMake's call stack.
bool is_tools_own(const std::string& line) {
  static const std::regex pattern(
      R"(\[\d+/\d+\] .*|FAILED: .*|ninja: .*|g?make(\[\d+\])?: .*|\[ *\d+%\] .*|-- .*|See also ".*|Change Dir: .*)",
      std::regex::optimize);
  return line.size() < 2000 && std::regex_match(line, pattern);
}

}  // namespace

std::string own_lines(const std::string& output) {
  std::istringstream lines(output);
  std::string out;
  bool in_stack = false;
  bool after_failed = false;
  for (std::string line; std::getline(lines, line);) {
    in_stack = line.starts_with("Call Stack (") || (in_stack && !line.empty());
    const bool is_command = after_failed;
    after_failed = line.starts_with("FAILED: ");
    if (in_stack || is_command || is_tools_own(line)) continue;
    if (line.empty() && (out.empty() || out.ends_with("\n\n"))) continue;
    out += line + "\n";
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

BuildResult build_module(const BuildPlan& plan) {
  BuildResult out;
  const auto manifest = check_folder(plan);
  if (!manifest) {
    out.status = manifest.error();
    return out;
  }
  const auto folder = PlainPath::of(plan.folder);
  if (!folder) {
    out.status = folder.error();
    return out;
  }
  const fs::path build = fs::path(folder->path()) / "build";
  std::error_code error;
  if (find_tool("cmake").empty() || !fs::exists(build / "CMakeCache.txt", error)) out.status = check_tools();
  if (!out.status) return out;
  const std::string& name = manifest->name;
  Words make{"cmake", "--build", build.string(), "--parallel", std::to_string(cores())};
  if (!plan.test) make.insert(make.end(), {"--target", name});
  const Words test{"ctest", "--test-dir", build.string(), "--output-on-failure", "--no-tests=error"};
  if (!run_step(configure_command(plan, *folder, build),
                fmt::format("'{}' could not be configured; CMake's own lines are above", name), out) ||
      !run_step(make, fmt::format("'{}' does not build; correct what the lines above show, then again", name), out) ||
      (plan.test && !run_step(test, fmt::format("the tests of '{}' fail; their lines are above", name), out))) {
    return out;
  }
  auto built = find_built(fs::path(plan.folder) / "build", name);
  if (!built) {
    out.status = std::move(built).error();
  } else {
    out.built = *std::move(built);
  }
  return out;
}

}  // namespace chi::cli
