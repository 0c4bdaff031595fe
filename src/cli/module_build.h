// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A module's folder, built with CMake against the Chimaera that this program belongs to, into FOLDER/build.
#pragma once

#include <chimaera/result.h>

#include <string>

#include "runtime/module_repo.h"

namespace chi::cli {

struct BuildPlan {
  std::string folder;         // of the module's manifest.yaml and CMakeLists.txt
  std::string cmake_package;  // the folder of chimaeraConfig.cmake
  bool test = false;          // build the tests, too, and run them
};

struct BuildResult {
  Status status;
  std::string output;          // where it failed: the tools' own lines, to be shown before the error
  runtime::FoundModule built;  // where it did not
};

BuildResult build_module(const BuildPlan& plan);

// What a tool said, without the lines in which the build system tells what it does.
std::string own_lines(const std::string& output);

}  // namespace chi::cli
