// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements installation.h.
#include "runtime/installation.h"

#include <sys/stat.h>

#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace chi::runtime {

namespace fs = std::filesystem;

namespace {

// The first of these paths below the prefix that is a folder.
std::string first_folder(std::initializer_list<fs::path> below) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  for (const fs::path& each : below) {
    fs::path folder = program.parent_path().parent_path() / each;
    if (fs::is_directory(folder, error)) return folder.string();
  }
  return {};
}

}  // namespace

std::string own_module_repo() { return first_folder({"modules", fs::path(CHI_LIBDIR) / "chimaera" / "modules"}); }

std::string own_cmake_package() { return first_folder({fs::path(CHI_LIBDIR) / "cmake" / "chimaera"}); }

Trusted code_authors() {
  Trusted out = Trusted::root_and_this_user();
  out.own_group = true;
  std::error_code error;
  struct stat info{};
  fs::path at = fs::read_symlink("/proc/self/exe", error);
  while (!error && !at.empty() && ::stat(at.c_str(), &info) == 0) {
    out.owners.push_back(info.st_uid);
    if (!at.has_relative_path()) break;
    at = at.parent_path();
  }
  return out;
}

std::string own_template() { return first_folder({fs::path(CHI_DATADIR) / "chimaera" / "TASK_NAME"}); }

}  // namespace chi::runtime
