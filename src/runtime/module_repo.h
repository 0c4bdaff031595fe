// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where modules are found: folders ("repos") of folders, each with a manifest.yaml and a library. Looked through anew
// at each call, so that what was copied there is seen at once. Immutable, usable from any thread; calls read the disk.
#pragma once

#include <chimaera/result.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chi::runtime {

struct FoundModule {
  std::string name;     // of the manifest; of the folder where the manifest cannot be read
  std::string version;  // empty where it cannot be read
  std::string description;
  std::string folder;
  std::string library;  // path; empty where there is none
  std::string problem;  // why it cannot be loaded, or that another repo's comes first; empty: nothing known
};

class ModuleRepo {
 public:
  // Looks in these folders, in order. One that does not exist is as good as an empty one.
  explicit ModuleRepo(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  const std::vector<std::string>& paths() const noexcept { return paths_; }

  // All modules, by name; of one name, the one that find() gives comes first and the others have a problem.
  std::vector<FoundModule> list() const;

  // The module of this name, or the one in this folder or library when `name` has a '/'. not_found says what there is;
  // failed_precondition says why what is there cannot be used.
  Result<FoundModule> find(std::string_view name) const;

 private:
  std::vector<std::string> paths_;
};

// The search path: folders of the command line, of the configuration, of CHIMAERA_MODULE_PATH (`environment`, separated
// by ':', may be null), then the one beside this executable (build tree or installed). Each once.
std::vector<std::string> module_search_path(std::span<const std::string> command_line,
                                            std::span<const std::string> configured, const char* environment);

}  // namespace chi::runtime
